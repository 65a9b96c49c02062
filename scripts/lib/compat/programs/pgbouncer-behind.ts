/** PgBouncers behind the gateway, one before each server, in transaction mode: the candidates are they. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Server } from '../../../../test/bed/cluster.ts';
import { type GatewayProcess, patient, startGateway } from '../../../../test/bed/gateway.ts';
import { freePort, isListening } from '../../../../test/bed/ports.ts';
import { waitFor } from '../../../../test/bed/wait-for.ts';
import { newPath } from '../../../../test/bed/workspace.ts';
import type { Child } from '../../bench/children.ts';
import type { Program } from '../cells.ts';
import { failover, holdMs, type Scene, type Way } from '../scene.ts';
import { failureOf, findTool, runTool, startTool } from '../tool.ts';
import { pathOf, versionOfTool } from './debian-tools.ts';
import { runs } from './psql.ts';

const psql = [findTool('psql') ?? 'psql', '-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1'];

/** The PgBouncer before one server. */
interface Bouncer {
  readonly port: number;
  readonly child: Child;
}

async function startBouncer({ cluster }: Scene, server: Server): Promise<Bouncer> {
  const port = await freePort();
  const file = newPath(undefined, 'pgbouncer');
  writeFileSync(
    file,
    `[databases]
* = host=127.0.0.1 port=${server.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
admin_users = postgres
pool_mode = transaction
default_pool_size = 4
server_login_retry = 1
query_wait_timeout = 20
client_tls_sslmode = allow
client_tls_cert_file = ${join(cluster.folder, 'server.crt')}
client_tls_key_file = ${join(cluster.folder, 'server.key')}
`,
    { mode: 0o644 },
  );
  const asWhom = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = await startTool([findTool('pgbouncer') ?? '/usr/sbin/pgbouncer', ...asWhom, file], {});
  await waitFor('PgBouncer to listen', async () => child.hasEnded() || await isListening(port));
  if (child.hasEnded()) throw new Error(child.output());
  return { port, child };
}

/** A gateway whose candidates are PgBouncers, while `during` runs; `behind` is the scene as clients of it see it. */
async function withBouncers<T>(
  scene: Scene,
  way: Way,
  during: (behind: Scene, env: (isEncrypted?: boolean) => Record<string, string>) => Promise<T>,
): Promise<T> {
  const bouncers = new Map<Server, Bouncer>();
  let gateway: GatewayProcess | undefined;
  const portOf = (server: Server): number => bouncers.get(server)?.port ?? 0;
  try {
    for (const server of scene.cluster.servers) bouncers.set(server, await startBouncer(scene, server));
    const candidates = [...bouncers.values()].map(({ port }) => `127.0.0.1:${port}`).join(',');
    gateway = await startGateway(
      { CANDIDATES: candidates, HOLD_MS: String(holdMs), ...patient },
      'binary',
    );
    await gateway.routesTo(portOf(scene.primary));
    const behind = scene.behind(gateway, portOf, async (next) => {
      // Else it goes on to greet clients as a standby does: docs/recipes/pgbouncer.md.
      const admin = { ...scene.environment('direct'), PGPORT: String(portOf(next)), PGDATABASE: 'pgbouncer' };
      await runTool([...psql, '-c', 'RECONNECT'], admin);
    });
    return await during(behind, (isEncrypted = false) => ({
      ...behind.environment('gateway', isEncrypted),
      // Without the gateway it is the PgBouncer alone.
      ...(way === 'direct' ? { PGPORT: String(portOf(scene.primary)) } : {}),
    }));
  } finally {
    await gateway?.stop();
    for (const { child } of bouncers.values()) await child.end();
  }
}

async function load(env: Readonly<Record<string, string>>): Promise<string> {
  await runTool([pathOf('pgbench'), '-i', '-q', '-s', '1'], env);
  const said = await runTool([pathOf('pgbench'), '-n', '-M', 'extended', '-c', '8', '-t', '50'], env);
  if (!said.includes('transactions actually processed: 400/400')) throw new Error(said);
  return 'pgbench -M extended';
}

/**
 * In transaction mode sessions share the server's prepared statements, so clients with the user and the database of the
 * probe take its own away, and each of its questions may reach a session without it. The gateway must not notice.
 */
async function takeStatementsAway(
  { gateway }: Scene,
  candidatePort: number,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const failures = async (): Promise<number> =>
    await gateway.metric(`pg_gateway_probe_failures_total{candidate="127.0.0.1:${candidatePort}"}`) ?? 0;
  const before = await failures();
  const seen = gateway.log.length;
  const grab = 'deallocate all; begin; select pg_sleep(0.05); commit;\n';
  const drop = 'discard all; select pg_sleep(0.05);\n';
  // Several at a time, so that the probe gets now one of the server's sessions, now another. They fail at times.
  const lax = psql.slice(0, -2);
  await Promise.all(
    Array.from({ length: 6 }, (_, at) => runTool(lax, env, (at % 2 === 0 ? grab : drop).repeat(40))),
  );
  const lost = (await failures()) - before;
  if (lost > 0) throw new Error(`${lost} probes failed while others took the statement of the probe away`);
  const changes = gateway.log.slice(seen).filter(({ primary }) => primary !== undefined);
  if (changes.length > 0) throw new Error(`the route changed: ${changes.map(({ message }) => message)}`);
  return 'the probe goes on while others take its statement away';
}

/** Connects until it is served; the PgBouncer of a dead server answers until the gateway has noticed. */
async function portOfNext(env: Readonly<Record<string, string>>): Promise<number> {
  const deadline = performance.now() + holdMs;
  for (;;) {
    try {
      return Number(await runTool([...psql, '-c', 'select inet_server_port()'], env));
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
}

export const pgbouncerBehind: Program = {
  name: 'PgBouncer behind it, transaction mode',
  isCheap: false,
  find: () => versionOfTool('pgbouncer', 'pgbouncer'),
  plan: () => ({
    plain: (scene, way) =>
      withBouncers(scene, way, async (behind, env) => {
        await load(env());
        return way === 'gateway'
          ? await takeStatementsAway(behind, behind.candidatePort(behind.primary), env())
          : '';
      }),
    tls: (scene, way) => withBouncers(scene, way, (_, env) => load(env(true))),
    cancel: (scene, way) =>
      withBouncers(scene, way, async (behind, env) => {
        const child = await startTool([...psql, '-c', 'select pg_sleep(60)'], env());
        try {
          await runs(behind, 'select pg_sleep(60)');
          process.kill(child.pid, 'SIGINT');
          const said = await failureOf(child);
          if (!said.includes('canceling statement due to user request')) throw new Error(said);
          return '';
        } finally {
          await child.end();
        }
      }),
    copy: (scene, way) =>
      withBouncers(scene, way, async (_, env) => {
        const lines = Array.from({ length: 10_000 }, (_, n) => `${n}\tline ${n}`).join('\n');
        const input = `drop table if exists copied; create table copied (n int, t text);\n` +
          `\\copy copied from stdin\n${lines}\n\\.\n\\copy (select * from copied order by n) to stdout\n`;
        if ((await runTool(psql, env(), input)).trim() !== lines) {
          throw new Error('what came back is not the same');
        }
        return '';
      }),
    notify: 'sessions of transaction mode have none',
    long: (scene, way) =>
      withBouncers(scene, way, async (_, env) => {
        const input =
          'begin; create temporary table long (n int);\n\\! sleep 3\ninsert into long values (1); commit;\n';
        await runTool(psql, env(), input);
        return '';
      }),
    failover: (scene, fault) =>
      withBouncers(scene, 'gateway', async (behind, env) => {
        const child = await startTool([...psql, '-c', 'select pg_sleep(600)'], env());
        try {
          await runs(behind, 'select pg_sleep(600)');
          return await failover(behind, fault, () => failureOf(child), () => portOfNext(env()));
        } finally {
          await child.end();
        }
      }),
  }),
};
