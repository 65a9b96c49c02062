import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { ask, clientOf, serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { noPgbench, pgbench, pgbenchPath } from '../bed/pgbench.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'reload-'));
const [control, file] = [join(folder, 'control.sock'), join(folder, 'gateway.conf')];
after(() => rmSync(folder, { recursive: true }));

const reload = () => runProgram(['reload', '--control-socket', control]);

/** The settings of the file; all others are those of the test bed. */
function configure(settings: Record<string, string>): void {
  writeFileSync(file, Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join(''));
}

describe(`reload on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let base: Record<string, string>;

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    base = { ...patient, CANDIDATES: cluster.candidates };
  });
  after(() => cluster?.close());

  beforeEach(async () => {
    configure(base);
    gateway = await startGateway({ CONFIG_FILE: file, CONTROL_SOCKET: control });
    await gateway.routesTo(cluster.first.port);
  });
  afterEach(() => gateway?.stop());

  const lines = (event: string) => gateway.log.filter((line) => line.event === event);
  const isSuccessful = () => gateway.metric('pg_gateway_config_last_reload_successful');

  test('tells what has changed, and what waits for a restart', async () => {
    configure({ ...base, HOLD_MS: '700ms', MAX_SESSIONS: '77', LOG_LEVEL: 'debug', SPIN_US: '5' });
    const { code, stdout } = await reload();
    assert.equal(code, 0);
    assert.deepEqual(stdout.split('\n').map((line) => line.trim().split(/ {2,}/)), [
      ['SETTING', 'OLD', 'NEW', 'COUNTS'],
      ['SPIN_US', '0', '5', 'after a restart'],
      ['HOLD_MS', '10000', '700ms', 'now'],
      ['MAX_SESSIONS', '10000', '77', 'now'],
      ['LOG_LEVEL', 'info', 'debug', 'now'],
      [''],
    ]);
    const [line] = lines('reloaded');
    assert.match(String(line?.['changed']), /^HOLD_MS: 10000 -> 700ms, MAX_SESSIONS: 10000 -> 77, /);
    assert.equal(line?.['restart'], 'SPIN_US: 0 -> 5');
    const { limits } = JSON.parse((await gateway.get('/status')).body);
    assert.deepEqual([limits.holdMs, limits.maxSessions], [700, 77]);
  });

  test('reaches those who connect afterwards, and leaves the others alone', async () => {
    const first = clientOf(gateway.port);
    await first`select 1`;
    configure({ ...base, MAX_SESSIONS: '1' });
    assert.equal((await reload()).code, 0);
    await assert.rejects(ask(gateway.port, 'select 1'), { code: '53300' });
    await first`select 1`;
    await first.end();
  });

  test('with mistakes changes nothing and tells them all, with exit code 1', async () => {
    configure({ ...base, HOLD_MS: 'soon', MAX_HELD: 'many', PGPASWORD: 'hunter2' });
    const { code, stderr } = await reload();
    assert.equal(code, 1);
    assert.match(stderr, /gateway\.conf:4: HOLD_MS=soon is not a whole number/);
    assert.match(stderr, /gateway\.conf:5: MAX_HELD=many is not a whole number/);
    assert.match(stderr, /gateway\.conf:6: PGPASWORD is no setting/);
    assert.doesNotMatch(stderr, /hunter2/);
    assert.equal(await isSuccessful(), 0);
    assert.equal(lines('reload_failed').length, 1);
    await ask(gateway.port, 'select 1');
    configure(base);
    gateway.signal('SIGHUP');
    await waitFor('the next reload', async () => await isSuccessful() === 1);
  });

  test('takes a new password for the probe, without a word of it in the answer', async () => {
    const guarded = await startCluster({ password: 'right' });
    try {
      await gateway.stop();
      const login = { ...base, CANDIDATES: guarded.candidates, PGPASSWORD: 'wrong' };
      configure(login);
      gateway = await startGateway({ CONFIG_FILE: file, CONTROL_SOCKET: control });
      await waitFor('the probe to be rejected', () => lines('candidate_rejecting')[0]);
      configure({ ...login, PGPASSWORD: 'right' });
      const { stdout, code } = await reload();
      assert.equal(code, 0);
      assert.match(stdout, /^PGPASSWORD +\(not shown\) +\(not shown\) +now: it holds something else$/m);
      await gateway.routesTo(guarded.first.port);
    } finally {
      await guarded.close();
    }
  });

  test('50 times, a third of them with mistakes, under short and long sessions: 0 errors', {
    skip: pgbenchPath === undefined && noPgbench,
  }, async () => {
    const loads = [pgbench(gateway.port, 8, '-C', '-c', '2'), pgbench(gateway.port, 8, '-c', '2')];
    for (let count = 0; count < 50; count++) {
      const isBroken = count % 3 === 1;
      configure({
        ...base,
        HOLD_MS: isBroken ? 'soon' : String(10_000 + count),
        PGDATABASE: count % 2 ? 'postgres' : 'template1',
      });
      const done = lines('reloaded').length + lines('reload_failed').length;
      gateway.signal('SIGHUP');
      await waitFor('the reload', () => lines('reloaded').length + lines('reload_failed').length > done);
    }
    assert.deepEqual([lines('reload_failed').length, lines('reloaded').length], [17, 33]);
    for (const { code, transactions, said } of await Promise.all(loads)) {
      assert.equal(code, 0, said);
      assert.ok(transactions > 0, said);
      assert.doesNotMatch(said, /error|failed: [^0]/, said);
    }
    assert.equal(await gateway.metric('pg_gateway_closes_total{reason="fenced"}'), 0);
    // What was read anew all the time never took the primary away.
    assert.deepEqual(lines('no_primary'), []);
  });

  test('that takes the primary out of CANDIDATES keeps it until another one is elected', async () => {
    const [first, second] = [cluster.first, cluster.server(1)];
    const session = clientOf(gateway.port);
    await session`select 1`;
    configure({ ...base, CANDIDATES: second.address });
    assert.equal((await reload()).code, 0);
    const [line] = lines('primary_left');
    assert.equal(line?.['candidate'], first.address);
    assert.equal(await serverBehind(gateway.port), first.port);
    await session`select 1`;
    await second.promote();
    await gateway.routesTo(second.port);
    await waitFor('the first one to be forgotten', async () => {
      const { candidates } = JSON.parse((await gateway.get('/status')).body);
      return candidates.length === 1;
    });
    await session.end({ timeout: 0 });
  });
});
