/** Real servers that are found, and lost, by way of a real name server. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { ask } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type DnsServer, startDnsServer } from '../bed/dns-server.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

const hosts = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];

describe(`discovery on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let dns: DnsServer;
  let gateway: GatewayProcess | undefined;

  before(async () => {
    dns = await startDnsServer({});
  });
  beforeEach(async () => {
    cluster = await startCluster({ standbys: 2, hosts });
    for (const name of Object.keys(dns.zone)) delete dns.zone[name];
    dns.mood = 'answers';
  });
  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
    await cluster?.close();
  });
  after(() => dns?.close());

  const port = (): number => cluster.first.port;

  async function start(candidates: string, env: Record<string, string> = {}): Promise<GatewayProcess> {
    gateway = await startGateway({
      CANDIDATES: candidates,
      DNS_SERVERS: dns.address,
      DNS_TTL_MS: '300',
      HOLD_MS: '30000',
      ...patient,
      ...env,
    });
    return gateway;
  }

  /** The candidates and where they stand, by the newest metrics. */
  async function standings({ get }: GatewayProcess): Promise<string> {
    const { body } = await get('/metrics');
    const lines = body.matchAll(/^pg_gateway_candidate_standing\{candidate="(.*)",standing="(.*)"\} 1$/gm);
    return [...lines].map(([, name, standing]) => `${name?.replaceAll(`:${port()}`, '')} ${standing}`).join(
      ', ',
    );
  }

  async function stand(gateway: GatewayProcess, wanted: string): Promise<void> {
    let last = '';
    await waitFor(
      `the candidates to be ${wanted}`,
      async () => (last = await standings(gateway)) === wanted,
      {
        evidence: () => `they are ${last}`,
      },
    );
  }

  /** The address of the server that a new client reaches. */
  async function reached(gateway: GatewayProcess): Promise<unknown> {
    const [row] = await ask(gateway.port, 'select host(inet_server_addr()) as host');
    return row?.['host'];
  }

  test('a name with three addresses is three servers, and follows them as they come and go', async () => {
    dns.zone['pg.example'] = hosts;
    const gateway = await start(`pg.example:${port()}`);
    const three =
      'pg.example[127.0.0.2] primary, pg.example[127.0.0.3] standby, pg.example[127.0.0.4] standby';
    await stand(gateway, three);
    assert.equal(await reached(gateway), '127.0.0.2');

    dns.zone['pg.example'] = ['127.0.0.2', '127.0.0.3'];
    await stand(gateway, 'pg.example[127.0.0.2] primary, pg.example[127.0.0.3] standby');
    await waitFor('the third to be left alone', async () => {
      const sessions = `select 1 from pg_stat_activity where application_name = 'pg_gateway'`;
      return (await cluster.server(2).query(sessions)).length === 0;
    });

    dns.zone['pg.example'] = hosts;
    await stand(gateway, three);
    dns.mood = 'fails';
    await waitFor(
      'the failure to be told',
      () => gateway.log.some(({ event }) => event === 'name_unresolved'),
    );
    await stand(gateway, three);

    // One that comes into being later can win like every other.
    await cluster.first.kill();
    await cluster.server(2).promote();
    await stand(
      gateway,
      'pg.example[127.0.0.2] down, pg.example[127.0.0.3] standby, pg.example[127.0.0.4] primary',
    );
    assert.equal(await reached(gateway), '127.0.0.4');
  });

  test('a primary that leaves DNS keeps its sessions and serves until another one is promoted', async () => {
    dns.zone['pg.example'] = hosts;
    const gateway = await start(`pg.example:${port()}`);
    await waitFor('a primary', async () => await reached(gateway) === '127.0.0.2');
    dns.zone['pg.example'] = ['127.0.0.3', '127.0.0.4'];
    await waitFor(
      'it to be told',
      () => gateway.log.some(({ event }) => event === 'primary_left'),
    );
    assert.equal(await reached(gateway), '127.0.0.2');
    await cluster.server(1).promote();
    await stand(gateway, 'pg.example[127.0.0.3] primary, pg.example[127.0.0.4] standby');
    assert.equal(await reached(gateway), '127.0.0.3');
  });

  test('a name that moves with its primary to another address is the same candidate', async () => {
    dns.zone['db.example'] = ['127.0.0.2'];
    const gateway = await start(`db.example:${port()}`);
    await stand(gateway, 'db.example primary');
    await cluster.first.stop();
    cluster.first.moveTo('127.0.0.5');
    const held = reached(gateway);
    await waitFor('the client to be held', async () => await gateway.metric('pg_gateway_held') === 1);
    await cluster.first.start();
    dns.zone['db.example'] = ['127.0.0.5'];
    assert.equal(await held, '127.0.0.5');
    await stand(gateway, 'db.example primary');
  });

  test('a name that moves away takes nobody along from where another name is answered', async () => {
    dns.zone['db.example'] = ['127.0.0.2'];
    // An answer counts for six and a half seconds; shorter limits would make a busy machine look like a failed probe.
    const limits = {
      FAIL_AFTER: '1',
      PROBE_INTERVAL_MS: '250',
      CONNECT_TIMEOUT_MS: '1000',
      QUERY_TIMEOUT_MS: '2000',
    };
    const gateway = await start(`127.0.0.2:${port()},db.example:${port()}`, limits);
    await stand(gateway, '127.0.0.2 primary, db.example alias');
    dns.zone['db.example'] = ['127.0.0.9'];
    await stand(gateway, '127.0.0.2 primary, db.example down');
    const moved = performance.now();
    await waitFor('its last answer to be too old', () => performance.now() - moved > 7000);
    assert.equal(await reached(gateway), '127.0.0.2');
  });

  test('SRV records bring servers with their ports, also when they come late', async () => {
    const srv = (name: string) => ({ name, port: port(), priority: 0, weight: 0 });
    const gateway = await start('srv+_postgresql._tcp.db.example');
    await waitFor(
      'the name to be unresolved',
      async () => await standings(gateway) === 'srv+_postgresql._tcp.db.example down',
    );
    const held = reached(gateway);
    dns.zone['pg-0.db.example'] = ['127.0.0.2'];
    dns.zone['pg-1.db.example'] = ['127.0.0.3'];
    dns.zone['_postgresql._tcp.db.example'] = [srv('pg-1.db.example'), srv('pg-0.db.example')];
    await stand(gateway, 'pg-0.db.example primary, pg-1.db.example standby');
    assert.equal(await held, '127.0.0.2');
    dns.zone['pg-2.db.example'] = ['127.0.0.4'];
    dns.zone['_postgresql._tcp.db.example'] = [srv('pg-0.db.example'), srv('pg-2.db.example')];
    await stand(gateway, 'pg-0.db.example primary, pg-2.db.example standby');
  });

  test('an address of another family where nobody listens is no alarm', async () => {
    dns.zone['db.example'] = ['127.0.0.2', '::1'];
    const gateway = await start(`db.example:${port()}`);
    await stand(gateway, 'db.example primary');
    assert.equal(await gateway.metric('pg_gateway_servers_unhealthy'), 0);
  });

  test('check waits for the servers behind names', async () => {
    dns.zone['pg.example'] = hosts;
    dns.zone['_postgresql._tcp.db.example'] = [{ name: 'pg.example', port: port(), priority: 0, weight: 0 }];
    const { code, stdout } = await runProgram(['check'], {
      CANDIDATES: 'srv+_postgresql._tcp.db.example',
      DNS_SERVERS: dns.address,
      PGUSER: 'postgres',
      ...patient,
    });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^pg\.example\[127\.0\.0\.2\]:\d+ +primary /m);
    assert.match(stdout, /^pg\.example\[127\.0\.0\.4\]:\d+ +standby /m);
  });
});
