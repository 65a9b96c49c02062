/** PgBouncer before the gateway, whose servers are the gateway: what its clients notice. */
import { writeFileSync } from 'node:fs';
import { freePort, isListening } from '../../../../test/bed/ports.ts';
import { newPath } from '../../../../test/bed/workspace.ts';
import { waitFor } from '../../../../test/bed/wait-for.ts';
import type { Program } from '../cells.ts';
import { failover, type Scene, type Way } from '../scene.ts';
import { failureOf, findTool, lineOf, runTool, startTool } from '../tool.ts';
import { pathOf, versionOfTool } from './debian-tools.ts';
import { runs } from './psql.ts';

type Mode = 'session' | 'transaction';

/** Runs a PgBouncer while `during` does; `env` is for its clients. */
async function withPgbouncer<T>(
  scene: Scene,
  way: Way,
  { mode, isEncrypted = false }: { readonly mode: Mode; readonly isEncrypted?: boolean },
  during: (env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const file = newPath(undefined, 'pgbouncer');
  // As docs/recipes/pgbouncer.md has it.
  writeFileSync(
    file,
    `[databases]
* = host=127.0.0.1 port=${scene.port(way)} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
server_connect_timeout = 60
server_login_retry = 1
server_tls_sslmode = ${isEncrypted ? 'verify-full' : 'disable'}
${isEncrypted ? `server_tls_ca_file = ${scene.rootFile}` : ''}
`,
    { mode: 0o644 },
  );
  const asWhom = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = await startTool([findTool('pgbouncer') ?? '/usr/sbin/pgbouncer', ...asWhom, file], {});
  try {
    await waitFor('PgBouncer to listen', async () => child.hasEnded() || await isListening(port));
    if (child.hasEnded()) throw new Error(child.output());
    return await during({ ...scene.environment(way), PGPORT: String(port) });
  } finally {
    await child.end();
  }
}

const psql = [findTool('psql') ?? 'psql', '-X', '-A', '-t', '-q'];

function inMode(mode: Mode): Program {
  // Before 1.21 it shares no prepared statements in transaction mode.
  const query = mode === 'session' ? 'prepared' : 'extended';
  const load = (scene: Scene, way: Way, isEncrypted: boolean) =>
    withPgbouncer(scene, way, { mode, isEncrypted }, async (env) => {
      await runTool([pathOf('pgbench'), '-i', '-q', '-s', '1'], env);
      const said = await runTool([pathOf('pgbench'), '-n', '-M', query, '-c', '8', '-t', '50'], env);
      if (!said.includes('transactions actually processed: 400/400')) throw new Error(said);
      return `pgbench -M ${query}`;
    });
  return {
    name: `PgBouncer before it, ${mode} mode`,
    isCheap: false,
    find: () => versionOfTool('pgbouncer', 'pgbouncer'),
    plan: () => ({
      plain: (scene, way) => load(scene, way, false),
      tls: (scene, way) => load(scene, way, true),
      cancel: (scene, way) =>
        withPgbouncer(scene, way, { mode }, async (env) => {
          const child = await startTool([...psql, '-c', 'select pg_sleep(60)'], env);
          try {
            await runs(scene, 'select pg_sleep(60)');
            process.kill(child.pid, 'SIGINT');
            const said = await failureOf(child);
            if (!said.includes('canceling statement due to user request')) throw new Error(said);
            return '';
          } finally {
            await child.end();
          }
        }),
      copy: (scene, way) =>
        withPgbouncer(scene, way, { mode }, async (env) => {
          const lines = Array.from({ length: 10_000 }, (_, n) => `${n}\tline ${n}`).join('\n');
          const input = `drop table if exists copied; create table copied (n int, t text);\n` +
            `\\copy copied from stdin\n${lines}\n\\.\n\\copy (select * from copied order by n) to stdout\n`;
          if ((await runTool(psql, env, input)).trim() !== lines) {
            throw new Error('what came back is not the same');
          }
          return '';
        }),
      notify: mode === 'transaction'
        ? 'sessions of transaction mode have none'
        : (scene, way) =>
          withPgbouncer(scene, way, { mode }, async (env) => {
            const child = await startTool(psql, env);
            try {
              child.tell('listen compat;\n\\echo ready\n');
              await lineOf(child, 'ready');
              await runTool([...psql, '-c', `select pg_notify('compat', 'a word')`], env);
              child.tell('select 1;\n');
              await lineOf(child, 'Asynchronous notification "compat" with payload "a word" received from');
              return '';
            } finally {
              await child.end();
            }
          }),
      long: (scene, way) =>
        withPgbouncer(scene, way, { mode }, async (env) => {
          const input =
            'begin; create temporary table long (n int);\n\\! sleep 3\ninsert into long values (1); commit;\n';
          await runTool([...psql, '-v', 'ON_ERROR_STOP=1'], env, input);
          return '';
        }),
      failover: (scene, fault) =>
        withPgbouncer(scene, 'gateway', { mode }, async (env) => {
          const child = await startTool([...psql, '-c', 'select pg_sleep(600)'], env);
          try {
            await runs(scene, 'select pg_sleep(600)');
            return await failover(
              scene,
              fault,
              () => failureOf(child),
              async () => Number(await runTool([...psql, '-c', 'select inet_server_port()'], env)),
            );
          } finally {
            await child.end();
          }
        }),
    }),
  };
}

export const pgbouncerPrograms: readonly Program[] = [inMode('session'), inMode('transaction')];
