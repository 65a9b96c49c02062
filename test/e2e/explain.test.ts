import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import type { Status } from '../../src/admin/status.ts';
import { ask, clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { freePort } from '../bed/ports.ts';
import { waitFor } from '../bed/wait-for.ts';

describe(`the gateway explains itself, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  beforeEach(async () => {
    cluster = await startCluster({ standbys: 1 });
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      HOLD_MS: '120000',
      PGPASSWORD: 'hush',
      ...patient,
    });
    await gateway.routesTo(cluster.first.port);
  });

  const close = async (): Promise<void> => {
    await gateway?.stop();
    await cluster?.close();
  };
  afterEach(close);
  after(close);

  const status = async (): Promise<Status> => JSON.parse((await gateway.get('/status')).body);
  const explain = (...args: string[]) =>
    runProgram(['explain', ...args], { METRICS_PORT: String(gateway.metricsPort) });
  const sessionsOn = async (port: number): Promise<number | undefined> =>
    (await status()).clients.sessions.find(({ server }) => server === `127.0.0.1:${port}`)?.sessions;

  test('before, during and after a failover, with the same story in each form', async () => {
    const [old, young] = [cluster.first, cluster.server(1)];
    const session = clientOf(gateway.port);
    await session`select 1`;
    await waitFor('the session to be counted', async () => await sessionsOn(old.port) === 1);
    await waitFor('the standby to be known', async () => {
      const { candidates } = await status();
      return candidates.some(({ name, standing }) => name === young.address && standing === 'standby');
    });
    const before = await explain();
    assert.equal(before.code, 0, before.stderr);
    assert.match(before.stdout, new RegExp(`^Primary: ${old.address} \\(for .* now, epoch \\d+\\)\\.$`, 'm'));
    assert.match(
      before.stdout,
      new RegExp(`^ {2}${young.address}, standby: is a standby on timeline 1, streaming from `, 'm'),
    );
    assert.match(before.stdout, new RegExp(`^ {2}New clients are served by ${old.address}\\.$`, 'm'));
    assert.match(before.stdout, new RegExp(`^ {2}1 session on ${old.address}\\.$`, 'm'));

    await young.catchUp();
    await old.kill();
    await gateway.routesTo('nobody');
    const waiting = ask(gateway.port, 'select 1 as n', { connect_timeout: 120 });
    await waitFor('the client to be held', async () => (await status()).clients.held === 1);
    const during = await explain();
    assert.equal(during.code, 1, during.stderr);
    assert.match(during.stdout, /^No primary \(for .* now, epoch \d+\)\.$/m);
    assert.match(during.stdout, new RegExp(`^ {2}${old.address}, down: `, 'm'));
    assert.match(during.stdout, /^ {2}New clients are held since .*, each for up to 2 min \(HOLD_MS\)/m);
    assert.match(during.stdout, /^ {2}1 client waits now\.$/m);

    await young.promote();
    assert.deepEqual(await waiting, [{ n: 1 }]);
    const next = await explain('--json');
    assert.equal(next.code, 0, next.stderr);
    const { route, candidates, journal, failovers } = JSON.parse(next.stdout) as Status;
    assert.deepEqual(route.primary, { candidate: young.address, address: young.address });
    assert.equal(candidates.find(({ name }) => name === young.address)?.answer?.timeline, 2);
    assert.deepEqual(journal.at(-1)?.primary, young.address);
    assert.equal(failovers, 1);
    const told = await explain();
    assert.match(
      told.stdout,
      new RegExp(`epoch \\d+ {2}${old.address}: .*\\n(.*\\n)*.*epoch \\d+ {2}${young.address}: `),
    );
    assert.equal(await gateway.metric('pg_gateway_failovers_total{rule="onlyPrimary"}'), 1);
    assert.equal(await gateway.metric('pg_gateway_failover_duration_seconds_count'), 1);
    assert.equal(await gateway.metric('pg_gateway_detection_duration_seconds_count'), 1);
    await session.end({ timeout: 0 });
  });

  test('sessions are counted where they are, and leave with their server', async () => {
    const sessions = [1, 2, 3].map(() => clientOf(gateway.port));
    await Promise.all(sessions.map((sql) => sql`select 1`));
    await waitFor('three sessions', async () => await sessionsOn(cluster.first.port) === 3);
    await sessions[0]?.end();
    await waitFor('two sessions', async () => await sessionsOn(cluster.first.port) === 2);
    // The old primary stays up: the fence ends them.
    await cluster.server(1).promote();
    await gateway.routesTo(cluster.server(1).port);
    const newcomer = clientOf(gateway.port);
    await newcomer`select 1`;
    await waitFor('one session on the new one', async () => await sessionsOn(cluster.server(1).port) === 1);
    await waitFor('none on the old one', async () => await sessionsOn(cluster.first.port) === undefined);
    assert.equal(
      await gateway.metric(`pg_gateway_sessions{server="${cluster.server(1).address}"}`),
      1,
    );
    for (const sql of [...sessions, newcomer]) await sql.end({ timeout: 0 });
  });

  test('no password is told', async () => {
    for (const path of ['/status', '/metrics', '/journal', '/nothing']) {
      assert.doesNotMatch((await gateway.get(path)).body, /hush/, path);
    }
  });

  test('a token guards all but /live and /ready, opens it to explain, and is told to nobody', async () => {
    const token = 'open-sesame';
    const guarded = await startGateway({
      CANDIDATES: cluster.candidates,
      METRICS_TOKEN: token,
      LOG_LEVEL: 'debug',
      ...patient,
    });
    try {
      await guarded.routesTo(cluster.first.port);
      const pages = ['/metrics', '/status', '/journal', '/primary', '/live', '/ready'];
      const answers = await Promise.all(pages.map((path) => guarded.get(path)));
      assert.deepEqual(answers.map(({ status }) => status), [401, 401, 401, 401, 200, 200]);
      const env = { METRICS_TOKEN: token };
      const url = ['--url', `http://127.0.0.1:${guarded.metricsPort}`];
      assert.equal((await runProgram(['explain', ...url], env)).code, 0);
      const { code, stderr } = await runProgram(['explain', ...url]);
      assert.equal(code, 1);
      assert.match(stderr, /wants a token: set METRICS_TOKEN or METRICS_TOKEN_FILE/);
      assert.doesNotMatch(JSON.stringify([answers, guarded.log, stderr]), new RegExp(token));
    } finally {
      await guarded.stop();
    }
  });

  test('where no gateway is, it says what to look at, and where one is asked wrongly too', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, stdout, stderr } = await runProgram(['explain', '--url', url]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^pg_gateway: no gateway explains itself at .*ECONNREFUSED.*METRICS_PORT.*--url/);
    assert.equal((await explain('--url', 'nowhere')).code, 2);
  });
});
