import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask, clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'client-limits-'));
const file = join(folder, 'gateway.conf');
after(() => rmSync(folder, { recursive: true }));

/** What a client is told: its SQLSTATE and all that it can read. */
async function refusalOf(query: Promise<unknown>): Promise<{ readonly code: string; readonly text: string }> {
  const error = await query.then(() => undefined, (error: unknown) => error) as
    | { readonly code: string; readonly message: string; readonly detail: string; readonly hint: string }
    | undefined;
  assert.ok(error !== undefined, 'it was served');
  return { code: error.code, text: [error.message, error.detail, error.hint].join('\n') };
}

describe(`limits of clients on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let base: Record<string, string>;

  function configure(settings: Record<string, string>): void {
    const lines = Object.entries({ ...base, ...settings }).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(file, lines.join(''));
  }

  /** What counts from now on, beside the settings of the test bed. */
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
    });
    await gateway.routesTo(cluster.first.port);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  const line = (event: string) =>
    waitFor(`the log to say ${event}`, () => gateway.log.find((line) => line.event === event));

  test('ALLOW and DENY count from the reload on, in clear text and under TLS; sessions live on', async () => {
    const session = clientOf(gateway.port);
    await session`select 1`;
    await reload({ DENY: '127.0.0.0/8' });
    const refusal = await refusalOf(ask(gateway.port, 'select 1'));
    assert.equal(refusal.code, '28000');
    assert.match(refusal.text, /takes no clients from 127\.0\.0\.1\n.*network of DENY.*\n.*ALLOW and DENY/);
    assert.equal((await refusalOf(ask(gateway.port, 'select 1', { ssl: 'require' }))).code, '28000');
    assert.deepEqual([...await session`select 2 as two`], [{ two: 2 }]);
    assert.equal((await line('clients_not_allowed'))['busiest'], '127.0.0.1');
    assert.equal(await gateway.metric('pg_gateway_not_allowed_total'), 2);
    await reload({ DENY: '127.0.0.0/8', ALLOW: '127.0.0.1' });
    assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
    await reload({ ALLOW: '192.0.2.0/24' });
    assert.match((await refusalOf(ask(gateway.port, 'select 1'))).text, /No network of ALLOW/);
    await reload({});
    assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
    await session.end();
  });
});
