import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  ConfigError,
  createGateway,
  type EmbeddedGateway,
  type LogLine,
  type RouteStatus,
  type Settings,
  StartError,
  type Verdict,
} from '../src/library.ts';
import { clientOf } from './bed/clients.ts';
import { type Cluster, startCluster } from './bed/cluster.ts';
import { waitFor } from './bed/wait-for.ts';
import { check, type Closer } from './probe/support.ts';

let cluster: Cluster;
before(async () => cluster = await startCluster({ standbys: 1, password: 'secret' }));
after(() => cluster?.close());

const login = { password: 'secret' };

/** No probe fails because a loaded machine is slow; a silent server is noticed all the same. */
function settings(): Settings {
  return {
    CANDIDATES: cluster.servers.map(({ address }) => address),
    PGUSER: 'postgres',
    PGPASSWORD: 'secret',
    CONNECT_TIMEOUT_MS: 5_000,
    QUERY_TIMEOUT_MS: 20_000,
    HOLD_MS: 60_000,
  };
}

/** Closed at the end of the test. */
async function started(t: Closer, ...args: Parameters<typeof createGateway>): Promise<EmbeddedGateway> {
  const gateway = await createGateway(...args);
  t.after(() => gateway.close());
  return gateway;
}

async function behind(gateway: EmbeddedGateway): Promise<number> {
  const sql = clientOf(gateway.address.port, login);
  try {
    const [row] = await sql`select inet_server_port() as port`;
    return Number(row?.['port']);
  } finally {
    await sql.end({ timeout: 0 });
  }
}

/** A session that is open: what it is told when it ends, or undefined while it lives. */
async function session(gateway: EmbeddedGateway) {
  let isOver = false;
  const sql = clientOf(gateway.address.port, { ...login, onclose: () => isOver = true });
  await sql`select 1`;
  return { ended: () => waitFor('the session to end', () => isOver), end: () => sql.end({ timeout: 5 }) };
}

check(
  'two gateways in one process lead to the primary and a standby, and say who is who',
  async (t) => {
    const one = await started(t, settings());
    const two = await started(t, { ...settings(), REPLICA_PORT: 0, METRICS_PORT: 0 });
    equal(await behind(one), cluster.first.port);
    equal(await behind(two), cluster.first.port);
    notEqual(one.address.port, two.address.port);
    deepEqual([one.standbyAddress, one.metricsAddress], [undefined, undefined]);
    const { candidates, route, clients } = two.status();
    equal(route.primary?.candidate, cluster.first.address);
    deepEqual(candidates.map(({ standing }) => standing), ['primary', 'standby']);
    equal(clients.accepted, 1);
    const reading = clientOf(two.standbyAddress!.port, login);
    const [row] = await reading`select pg_is_in_recovery() as is_standby`;
    equal(row?.['is_standby'], true);
    await reading.end({ timeout: 0 });
    match(
      await (await fetch(`http://127.0.0.1:${two.metricsAddress?.port}/metrics`)).text(),
      /^pg_gateway_/m,
    );
  },
);

check('a gateway with a thread leads there, too', async (t) => {
  const gateway = await started(t, { ...settings(), NUM_THREADS: 1 });
  equal(await behind(gateway), cluster.first.port);
});

check(
  'a fake failover ends the sessions, lets new clients wait, and is over by itself',
  async (t) => {
    const lines: LogLine[] = [];
    const gateway = await started(t, settings(), { log: (line) => lines.push(line) });
    await rejects(gateway.fakeFailover(), StartError, 'there is no primary yet');
    const old = await session(gateway);
    const { route: { epoch } } = gateway.status();
    const over = gateway.fakeFailover({ ms: 300 });
    await rejects(gateway.fakeFailover(), /goes on already/);
    equal(gateway.status().route.primary, null);
    equal(gateway.status().drill?.kind, 'no-primary');
    const waiting = behind(gateway);
    await old.ended();
    await over;
    equal(await waiting, cluster.first.port);
    ok(gateway.status().route.epoch > epoch);
    equal(gateway.status().drill, null);
    equal(gateway.status().clients.closes.fenced, 1);
    const events = lines.map(({ event }) => event);
    ok(events.includes('drill') && events.includes('drill_over'), String(events));
    await rejects(gateway.fakeFailover({ ms: 0 }), RangeError);
  },
);

check('drain waits for the last session, and takes no other', async (t) => {
  const gateway = await started(t, settings());
  const last = await session(gateway);
  equal(await gateway.drain({ ms: 1 }), 1, 'one is left when the time is over');
  let isDrained = false;
  const drained = gateway.drain({ ms: 60_000 }).then((left) => {
    isDrained = true;
    return left;
  });
  equal(gateway.status().draining, true);
  equal(isDrained, false);
  // Those that were on their way already are still served.
  const isRefused = () => behind(gateway).then(() => false, (error) => error.code === 'ECONNREFUSED');
  await waitFor('new clients to be refused', isRefused);
  await last.end();
  equal(await drained, 0);
});

check(
  'other settings count without a restart of the gateway; what cannot is marked, and wrong ones change nothing',
  async (t) => {
    const gateway = await started(t, settings());
    const { changes } = await gateway.reload({ ...settings(), HOLD_MS: 1234, LISTEN_PORT: 1 });
    deepEqual(changes.map(({ name, needsRestart }) => [name, needsRestart]), [
      ['LISTEN_PORT', true],
      ['HOLD_MS', false],
    ]);
    equal(gateway.status().limits.holdMs, 1234);
    await rejects(gateway.reload({ ...settings(), HOLD_MS: -1 }), ConfigError);
    equal(gateway.status().limits.holdMs, 1234);
  },
);

check(
  'settings that cannot be used, and a port that is taken, are errors; no other gateway suffers',
  async (t) => {
    await rejects(createGateway({}), (error) => error instanceof ConfigError && error.problems.length > 0);
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const gateway = await started(t, settings());
    await rejects(createGateway({ ...settings(), LISTEN_PORT: port }), StartError);
    equal(await behind(gateway), cluster.first.port);
    other.close();
  },
);

check('a closed gateway fails over no more, and what waits for it is told', async () => {
  const gateway = await createGateway(settings());
  await behind(gateway);
  const over = gateway.fakeFailover({ ms: 60_000 });
  await Promise.all([rejects(over, /was closed/), gateway.close()]);
  await rejects(gateway.fakeFailover(), /is closed/);
  await gateway[Symbol.asyncDispose]();
});

check(
  'a program ends by itself once its gateways are closed, and they leave its signals alone',
  async () => {
    const program = fileURLToPath(new URL('./bed/embedding.ts', import.meta.url));
    const run = 'Deno' in globalThis ? ['run', '-A', '--no-check', program] : [program];
    const child = spawn(process.execPath, [...run, cluster.candidates, 'secret'], {
      env: { ...process.env, PGPASSWORD: 'unread' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (bytes) => stdout += bytes);
    child.stderr.on('data', (bytes) => stderr += bytes);
    const code = await new Promise((resolve) => child.once('close', resolve));
    deepEqual([code, stderr], [0, '']);
    const isNode = !('Bun' in globalThis) && !('Deno' in globalThis);
    const ofThreads = isNode || process.platform !== 'linux' ? 'portable' : 'native';
    deepEqual(JSON.parse(stdout), { engines: ['portable', ofThreads], isQuiet: true });
  },
);

// The last, as it changes who is primary.
check(
  'a failover is followed, told to listeners, and ends the sessions on the old primary',
  async (t) => {
    const gateway = await started(t, settings());
    const verdicts: Verdict[] = [];
    const routes: RouteStatus[] = [];
    const unheard: Verdict[] = [];
    gateway.on('verdict', (verdict) => verdicts.push(verdict));
    gateway.on('route', (route) => routes.push(route));
    gateway.on('verdict', (verdict) => unheard.push(verdict))();
    const old = await session(gateway);
    const [first, second] = [cluster.first, cluster.server(1)];
    first.freeze();
    await second.promote();
    equal(await behind(gateway), second.port);
    await old.ended();
    equal(routes.at(-1)?.primary?.candidate, second.address);
    const elected = verdicts.filter(({ primary }) => primary === second.address);
    ok(elected.length > 0 && elected[0]!.reason !== '');
    deepEqual(unheard, []);
    equal(gateway.status().failovers, 1);
  },
);
