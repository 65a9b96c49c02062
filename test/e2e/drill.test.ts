import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask, clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { assertReplays } from '../bed/evidence.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'drill-'));
const [control, file] = [join(folder, 'control.sock'), join(folder, 'gateway.conf')];
const tell = (...args: string[]) => runProgram([...args, '--control-socket', control]);

describe(`drills on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  before(async () => {
    cluster = await startCluster({ standbys: 0 });
    writeFileSync(file, 'DRILLS=off\n');
    gateway = await startGateway({
      ...{ CANDIDATES: cluster.candidates, CONTROL_SOCKET: control, CONFIG_FILE: file, HOLD_MS: '300000' },
      ...patient,
    });
    await gateway.routesTo(cluster.first.port);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
    rmSync(folder, { recursive: true });
  });

  const status = async () => JSON.parse((await gateway.get('/status')).body);

  test('are off until a reload turns them on', async () => {
    const { code, stderr } = await tell('drill', 'fence');
    assert.equal(code, 1);
    assert.match(stderr, /drills are off: set DRILLS=on, and reload/);
    writeFileSync(file, 'DRILLS=1\n');
    assert.match((await tell('reload')).stdout, /DRILLS +off +1 +now/);
  });

  test('no-primary ends by itself', async () => {
    const { code, stdout } = await tell('drill', 'no-primary', '100ms');
    assert.deepEqual([code, stdout], [
      0,
      'New clients wait for 100 ms, sessions go on. It is a drill, and ends by itself.\n',
    ]);
    const over = await waitFor('its end', () => gateway.log.find(({ event }) => event === 'drill_over'));
    assert.equal(over['why'], 'its time is over');
    assert.equal((await status()).drill, null);
    assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
  });

  test('fence ends all sessions once, and newcomers are served by the same primary', async () => {
    let isClosed = false;
    const session = clientOf(gateway.port, { onclose: () => isClosed = true });
    await session`select 1`;
    const { code, stdout } = await tell('drill', 'fence');
    assert.deepEqual([code, stdout], [0, 'All sessions were ended, as by a failover. It was a drill.\n']);
    await waitFor('the session to end', () => isClosed);
    assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
    assert.equal(await gateway.metric('pg_gateway_closes_total{reason="fenced"}'), 1);
    assert.equal(await gateway.metric('pg_gateway_drills_total{kind="fence"}'), 1);
    assert.equal(await gateway.metric('pg_gateway_failovers_total{rule="onlyPrimary"}'), 0);
    assert.equal((await status()).journal.at(-1).drill, 'fence');
    const line = gateway.log.find(({ event, drill }) => event === 'drill' && drill === 'fence');
    assert.equal(line?.level, 'warn');
    await session.end({ timeout: 0 });
  });

  test('no-primary holds newcomers, keeps sessions, says that it is a drill, and hides no loss', async () => {
    const session = clientOf(gateway.port);
    const pid = () => session`select pg_backend_pid() as pid`.then(([row]) => row!['pid']);
    const mine = await pid();
    assert.equal((await tell('drill', 'no-primary', '5min')).code, 0);
    const { drill, route, candidates } = await status();
    assert.deepEqual([drill.kind, drill.leftMs <= 300_000, route.primary], ['no-primary', true, null]);
    assert.match(route.reason, /^a drill: new clients wait although .* is primary/);
    assert.equal(candidates[0].standing, 'primary');
    const newcomer = ask(gateway.port, 'select 1 as one');
    await waitFor('the newcomer to be held', async () => await gateway.metric('pg_gateway_held') === 1);
    const series = `pg_gateway_primary{candidate="${cluster.first.address}"}`;
    assert.deepEqual([await gateway.metric(series), await gateway.metric('pg_gateway_drill')], [0, 1]);
    assert.match((await tell('drill', 'fence')).stderr, /a drill goes on already/);
    assert.equal(await pid(), mine);
    await session.end({ timeout: 0 });

    await cluster.first.stop();
    await gateway.routesTo('nobody');
    const over = gateway.log.findLast(({ event }) => event === 'drill_over');
    assert.match(String(over?.['why']), /what follows is no drill/);
    assert.equal((await status()).drill, null);
    assert.match(
      (await tell('drill', 'fence')).stderr,
      /there is no route to rehearse with: 127\.0\.0\.1:\d+ is/,
    );
    await cluster.first.start();
    assert.deepEqual(await newcomer, [{ one: 1 }]);
    assert.deepEqual([await gateway.metric(series), await gateway.metric('pg_gateway_drill')], [1, 0]);
    await assertReplays(control);
  });

  test('that make no sense are told so, and none is longer than five minutes', async () => {
    const cases = [
      [['no-primary', '6min'], /a drill takes up to 300 s/],
      [['no-primary'], /needs a time, as in drill no-primary 5s/],
      [['fence', '5s'], /fence has none/],
      [['fire', '5s'], /"fire" is no drill: it is one of no-primary, fence/],
      [['no-primary', 'soon'], /soon is not a number of seconds/],
      [[], /say which drill: no-primary 5s, or fence/],
    ] as const;
    for (const [args, message] of cases) {
      const { code, stderr } = await tell('drill', ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
  });
});
