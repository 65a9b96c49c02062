/** psql: what people have in their hands. */
import { waitFor } from '../../../../test/bed/wait-for.ts';
import type { Program } from '../cells.ts';
import { failover, type Scene } from '../scene.ts';
import { endOf, failureOf, findTool, lineOf, runTool, startTool } from '../tool.ts';
import { versionOfTool } from './debian-tools.ts';

const command =
  (): readonly string[] => [findTool('psql') ?? 'psql', '-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1'];

/** Debian's wrapper of psql must not find another cluster. */
async function psql(env: Readonly<Record<string, string>>, input: string): Promise<string> {
  return (await runTool(command(), env, input)).trim();
}

function equal(found: string, expected: string, what: string): void {
  if (found !== expected) {
    throw new Error(`${what}: "${found.slice(0, 300)}" instead of "${expected.slice(0, 300)}"`);
  }
}

export const psqlProgram: Program = {
  name: 'psql',
  isCheap: true,
  find: () => versionOfTool('psql', 'postgresql-client'),
  plan: () => ({
    plain: async (scene, way) => {
      const env = scene.environment(way);
      equal(await psql(env, 'select sum(n) from generate_series(1, 100000) n;'), '5000050000', 'a sum');
      const many = await psql(env, `\\set FETCH_COUNT 100\nselect n from generate_series(1, 5000) n;`);
      equal(many, Array.from({ length: 5000 }, (_, n) => n + 1).join('\n'), 'rows by a cursor');
      return '';
    },
    tls: async (scene, way) => {
      const statement = 'select ssl from pg_stat_ssl where pid = pg_backend_pid();';
      equal(await psql(scene.environment(way, true), statement), 't', 'encrypted');
      return '';
    },
    cancel: async (scene, way) => {
      const child = await startTool([...command(), '-c', 'select pg_sleep(60)'], scene.environment(way));
      try {
        await runs(scene, 'select pg_sleep(60)');
        // What Ctrl-C in a terminal does.
        process.kill(child.pid, 'SIGINT');
        await endOf(child);
        if (!child.output().includes('canceling statement due to user request')) {
          throw new Error(child.output());
        }
        return '';
      } finally {
        await child.end();
      }
    },
    copy: async (scene, way) => {
      const lines = Array.from({ length: 10_000 }, (_, n) => `${n}\tline ${n}`).join('\n');
      const input =
        `create temporary table copied (n int, t text);\n\\copy copied from stdin\n${lines}\n\\.\n` +
        `\\copy (select * from copied order by n) to stdout\n`;
      equal(await psql(scene.environment(way), input), lines, 'what came back');
      return '';
    },
    notify: async (scene, way) => {
      const child = await startTool(command(), scene.environment(way));
      try {
        child.tell(`listen compat;\n\\echo ready\n`);
        await lineOf(child, 'ready');
        await psql(scene.environment(way), `select pg_notify('compat', 'a word');`);
        child.tell('select 1;\n');
        await lineOf(child, 'Asynchronous notification "compat" with payload "a word" received from');
        return '';
      } finally {
        await child.end();
      }
    },
    long: async (scene, way) => {
      const statements =
        'begin; create temporary table long (n int);\n\\! sleep 3\ninsert into long values (1); commit;\n' +
        'select n from long;';
      equal(await psql(scene.environment(way), statements), '1', 'what was committed');
      return '';
    },
    failover: async (scene, fault) => {
      const env = scene.environment('gateway');
      const child = await startTool([...command(), '-c', 'select pg_sleep(600)'], env);
      try {
        await runs(scene, 'select pg_sleep(600)');
        const again = async () => Number(await psql(env, 'select inet_server_port();'));
        return await failover(scene, fault, () => failureOf(child), again);
      } finally {
        await child.end();
      }
    },
  }),
};

/** Waits until a session of the primary executes what contains it. */
export async function runs(scene: Scene, query: string): Promise<void> {
  const sql = scene.primary.connect();
  const find = () =>
    sql`select from pg_stat_activity where strpos(query, ${query}) > 0 and state = 'active' and pid <> pg_backend_pid()`;
  try {
    await waitFor(`"${query}" to run`, async () => (await find()).length > 0);
  } finally {
    await sql.end({ timeout: 0 });
  }
}
