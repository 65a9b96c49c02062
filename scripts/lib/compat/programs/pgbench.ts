/** pgbench in its three ways to send a query. */
import type { Program } from '../cells.ts';
import { failover } from '../scene.ts';
import { endOf, failureOf, runTool, startTool } from '../tool.ts';
import { pathOf, versionOfTool } from './debian-tools.ts';
import { runs } from './psql.ts';

const modes = ['simple', 'extended', 'prepared'] as const;

function pgbench(mode: (typeof modes)[number]): Program {
  const command = (...args: readonly string[]) => [pathOf('pgbench'), '-M', mode, ...args];
  const load = async (env: Readonly<Record<string, string>>): Promise<string> => {
    await runTool([pathOf('pgbench'), '-i', '-q', '-s', '1'], env);
    const said = await runTool(command('-c', '4', '-t', '100'), env);
    const done = /transactions actually processed: (\d+)\/(\d+)/.exec(said);
    if (done === null || done[1] !== done[2]) throw new Error(said);
    const failed = Number(/failed transactions: (\d+)/.exec(said)?.[1] ?? 0);
    if (failed > 0) throw new Error(said);
    return `${done[1]} transactions`;
  };
  return {
    name: `pgbench, ${mode}`,
    isCheap: mode === 'prepared',
    find: () => versionOfTool('pgbench', 'postgresql'),
    plan: () => ({
      plain: (scene, way) => load(scene.environment(way)),
      tls: (scene, way) => load(scene.environment(way, true)),
      cancel: 'it cancels nothing',
      copy: 'its COPY is that of plain',
      notify: 'it listens to nothing',
      long: async (scene, way) => {
        const script = 'begin;\n\\sleep 3 s\nselect 1;\ncommit;\n';
        await runTool(command('-n', '-t', '1', '-f', '-'), scene.environment(way), script);
        return '';
      },
      failover: async (scene, fault) => {
        const env = scene.environment('gateway');
        const child = await startTool(command('-n', '-t', '1', '-f', '-'), env);
        try {
          child.tell('select pg_sleep(600);\n');
          child.closeInput();
          await runs(scene, 'select pg_sleep(600)');
          return await failover(scene, fault, () => failureOf(child), async () => {
            // Only on its standard error does it print what a statement returned.
            const ask = 'select inet_server_port() as port \\gset\n\\set ignored debug(:port)\n';
            const asking = await startTool(command('-n', '-t', '1', '-f', '-'), env);
            asking.tell(ask);
            asking.closeInput();
            await endOf(asking);
            const said = asking.output();
            return Number(/int (\d+)/.exec(said)?.[1]);
          });
        } finally {
          await child.end();
        }
      },
    }),
  };
}

export const pgbenchPrograms: readonly Program[] = modes.map(pgbench);
