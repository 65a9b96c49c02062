import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask, clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { askOver, queryMessage, startQuery } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'client-limits-'));
const file = join(folder, 'gateway.conf');
const control = join(folder, 'control.sock');
after(() => rmSync(folder, { recursive: true }));

/** Where this machine reaches itself as other machines do. */
const ownAddress = Object.values(networkInterfaces()).flat()
  .find((one) => one !== undefined && !one.internal && one.family === 'IPv4')?.address;

/** Asks until it is refused, since each worker hears of a reload at its own time; then what the client is told. */
function refused(query: () => Promise<unknown>): Promise<{ readonly code: string; readonly text: string }> {
  return waitFor('a refusal', async () => {
    const error = await query().then(() => undefined, (error: unknown) => error) as
      | { readonly code: string; readonly message: string; readonly detail: string; readonly hint: string }
      | undefined;
    return error && { code: error.code, text: [error.message, error.detail, error.hint].join('\n') };
  });
}

const tell = (...args: string[]) => runProgram([...args, '--control-socket', control]);

function served(query: () => Promise<unknown>): Promise<unknown> {
  return waitFor('it to be served', () => query().then(() => true, () => false));
}

describe(`limits of clients on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let base: Record<string, string>;

  function configure(settings: Record<string, string>): void {
    const lines = Object.entries({ ...base, ...settings }).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(file, lines.join(''));
  }

  /** What counts from now on beside the settings of the test bed; each worker hears of it at its own time. */
  async function reload(settings: Record<string, string>): Promise<void> {
    configure(settings);
    const reloads = () => gateway.log.filter(({ event }) => event === 'reloaded').length;
    const before = reloads();
    gateway.signal('SIGHUP');
    await waitFor('the reload', () => reloads() > before, {
      evidence: () => JSON.stringify(gateway.log.at(-1)),
    });
  }

  before(async () => {
    cluster = await startCluster();
    base = { ...patient, CANDIDATES: cluster.candidates };
    configure({});
    gateway = await startGateway({
      CONFIG_FILE: file,
      LISTEN_HOST: '0.0.0.0',
      NUM_THREADS: '2',
      CONTROL_SOCKET: control,
    });
    await gateway.routesTo(cluster.first.port);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  const line = (event: string) =>
    waitFor(`the log to say ${event}`, () => gateway.log.find((line) => line.event === event));

  test(
    'MAX_CONNECTIONS_PER_ADDRESS and CONNECT_RATE_PER_ADDRESS are those of all workers',
    {
      skip: ownAddress === undefined
        ? 'this machine has no address but the loopback, which is not limited'
        : false,
    },
    async () => {
      const own = { host: ownAddress! };
      const sessions = Array.from({ length: 4 }, () => clientOf(gateway.port, own));
      await Promise.all(sessions.map((session) => session`select 1`));
      await reload({ MAX_CONNECTIONS_PER_ADDRESS: '4' });
      const full = await refused(() => ask(gateway.port, 'select 1', own));
      assert.equal(full.code, '53300');
      assert.match(full.text, /as many connections from .* as it takes from one address/);
      const { stdout: why, code } = await tell('explain', '--client', ownAddress!);
      assert.match(why, /would be refused now\.\n {2}SQLSTATE 53300: .* as many connections/);
      assert.match(why, /has 4 connections of 4 \(MAX_CONNECTIONS_PER_ADDRESS\)/);
      assert.equal(code, 1);
      const { stdout: counts } = await tell('clients', '--addresses');
      assert.match(
        counts,
        new RegExp(`^ADDRESS +CLIENTS +OPEN +KEPT\\n${ownAddress} +\\d+ +4 +0 bytes$`, 'm'),
      );
      await served(() => ask(gateway.port, 'select 1'));
      await sessions.pop()!.end();
      await served(() => ask(gateway.port, 'select 1', own));
      await reload({ CONNECT_RATE_PER_ADDRESS: '0.001:3' });
      const fast = await refused(() => ask(gateway.port, 'select 1', own));
      assert.equal(fast.code, '53300');
      assert.match(fast.text, /connects to pg_gateway faster than one address may/);
      await ask(gateway.port, 'select 1');
      assert.ok((await gateway.metric('pg_gateway_address_refusals_total{limit="rate"}') ?? 0) >= 1);
      assert.ok((await gateway.metric('pg_gateway_address_refusals_total{limit="connections"}') ?? 0) >= 1);
      const { limits } = JSON.parse((await gateway.get('/status')).body);
      assert.deepEqual(limits.ratePerAddress, { perSecond: 0.001, burst: 3 });
      await Promise.all(sessions.map((session) => session.end()));
    },
  );

  test('ALLOW and DENY count from the reload on, in clear text and under TLS; sessions live on', async () => {
    const session = clientOf(gateway.port);
    await session`select 1`;
    await reload({ DENY: '127.0.0.0/8' });
    const refusal = await refused(() => ask(gateway.port, 'select 1'));
    assert.equal(refusal.code, '28000');
    assert.match(refusal.text, /takes no clients from 127\.0\.0\.1\n.*network of DENY.*\n.*ALLOW and DENY/);
    assert.equal((await refused(() => ask(gateway.port, 'select 1', { ssl: 'require' }))).code, '28000');
    assert.deepEqual([...await session`select 2 as two`], [{ two: 2 }]);
    assert.ok((await gateway.metric('pg_gateway_not_allowed_total') ?? 0) >= 2);
    await reload({ ALLOW: '127.0.0.1', DENY: '127.0.0.0/8' });
    await served(() => ask(gateway.port, 'select 1 as one'));
    await session.end();
  });

  test('IDLE_TIMEOUT_MS counts from the reload on, also for a session that is there', async () => {
    const silent = await startQuery(gateway.port, 'select 1');
    await reload({ IDLE_TIMEOUT_MS: '1s' });
    await waitFor('it to be ended', () => silent.received().includes('C57P05'));
    await waitFor('it to be counted', async () => {
      return await gateway.metric('pg_gateway_closes_total{reason="idleTimeout"}') === 1;
    });
    silent.end();
    assert.deepEqual(await ask(gateway.port, 'select 2 as two'), [{ two: 2 }]);
  });

  test('MAX_BUFFERED_BYTES takes no new session while some do not read', async () => {
    // Of one alone anything from a byte to a whole receive may be kept, as the kernel's buffers happen to be full.
    const sockets = Array.from({ length: 8 }, () => connect(gateway.port, '127.0.0.1'));
    for (const socket of sockets) await askOver(socket, 'select 1');
    await reload({ MAX_BUFFERED_BYTES: '64kB' });
    for (const socket of sockets) {
      socket.pause();
      socket.write(queryMessage("select repeat('x', 20000000)"));
    }
    const full = await refused(() => ask(gateway.port, 'select 1'));
    assert.equal(full.code, '53300');
    assert.match(full.text, /keeps as many bytes as it may/);
    assert.ok((await gateway.metric('pg_gateway_buffered_bytes') ?? 0) >= 65_536);
    assert.ok((await gateway.metric('pg_gateway_buffers_full_total') ?? 0) >= 1);
    for (const socket of sockets) socket.destroy();
    await served(() => ask(gateway.port, 'select 1'));
  });

  test('who was turned away is on one line, and who would be is told by the address', async () => {
    const { stdout } = await tell('status');
    assert.match(stdout, /^Turned away in the last .*: \d+ by ALLOW and DENY, .*\d+ by MAX_BUFFERED_BYTES/m);
    assert.match(stdout, /^kept +\d+ (?:bytes|kB|MB) +64 kB +MAX_BUFFERED_BYTES$/m);
    assert.match((await tell('explain')).stdout, /^ {2}Turned away in the last /m);
    const { stdout: fine, code } = await tell('explain', '--client', '203.0.113.9');
    assert.match(fine, /^A client from 203\.0\.113\.9 would be taken\. New clients are served by/);
    assert.equal(code, 0);
    await reload({ DENY: '203.0.113.0/24' });
    const { stdout: denied } = await tell('explain', '--client', '203.0.113.9');
    assert.match(denied, /SQLSTATE 28000: .*\n {2}A network of DENY has this address/);
    const { stderr, code: misused } = await tell('explain', '--client', 'db.example');
    assert.match(stderr, /"db\.example" is no address of a client/);
    assert.equal(misused, 2);
  });

  test('the log says which address was refused', async () => {
    assert.equal((await line('clients_not_allowed'))['busiest'], '127.0.0.1');
    if (ownAddress === undefined) return;
    assert.equal((await line('address_full'))['busiest'], ownAddress);
    assert.equal((await line('address_too_fast'))['busiest'], ownAddress);
  });
});
