import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { ask, serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { postgresBinaries } from '../bed/postgres-binaries.ts';
import { writePrivate } from '../../src/demo/servers/server-files.ts';
import { waitFor } from '../bed/wait-for.ts';

/** Whoever comes right after a reload; so many, because fewer connections may be ready than clients come. */
const fiveAtOnce = Array.from({ length: 5 });

describe(`connections made ahead, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess | undefined;

  afterEach(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  /** How often the server wrote this. */
  const count = (text: string): number => cluster.first.log().split(text).length - 1;

  /** Ends when the postmaster has been told, and not when it has read its files. */
  const reload = async (): Promise<void> => {
    await cluster.first.query('select pg_reload_conf()');
  };

  test('serve clients, also through a failover, and leave no line in the default log', async () => {
    cluster = await startCluster({ standbys: 1 });
    const [first, second] = [cluster.first, cluster.server(1)];
    const before = first.log().length;
    gateway = await startGateway({ CANDIDATES: cluster.candidates, PREWARM: '2', ...patient });
    await gateway.routesTo(first.port);
    await waitFor('a client to find one ready', async () => {
      assert.equal(await serverBehind(gateway!.port), first.port);
      return await gateway!.metric('pg_gateway_prewarmed_total') as number > 0;
    });
    await second.promote();
    await gateway.routesTo(second.port);
    for (let count = 0; count < 10; count++) assert.equal(await serverBehind(gateway.port), second.port);
    // Not what the end of its probe may add: an answer that nobody reads any more makes a reset.
    const lines = first.log().slice(before).split('\n').filter((line) =>
      /\b(LOG|WARNING|ERROR|FATAL):/.test(line)
    );
    // A standby that is promoted ends its replication, and that is between the two of them.
    const ours = lines.filter((line) =>
      !/checkpoint|replication|walsender|standby|COPY|server[12]/.test(line)
    );
    assert.deepEqual(ours, []);
  });

  test('are not made by default', async () => {
    cluster = await startCluster({ settings: { log_connections: 'on' } });
    gateway = await startGateway({ CANDIDATES: cluster.candidates, ...patient });
    await gateway.routesTo(cluster.first.port);
    for (let client = 0; client < 5; client++) await ask(gateway.port, 'select 1');
    await gateway.stop();
    // One that nobody used is received and never authorized.
    assert.equal(count('connection received'), count('connection authorized'));
    assert.equal(gateway.log.some(({ level }) => level === 'error'), false);
  });

  test('are not the reason that a role that was locked out gets in', async () => {
    cluster = await startCluster();
    const { first } = cluster;
    await first.query('create role guest login');
    gateway = await startGateway({ CANDIDATES: cluster.candidates, ...patient });
    const { port } = gateway;
    await gateway.routesTo(first.port);
    const guest = (): Promise<unknown> =>
      ask(port, 'select 1', { user: 'guest' }).then(() => 'let in', ({ code }) => code);
    const rule = (method: string): void =>
      writePrivate(
        join(first.data, 'pg_hba.conf'),
        `host all guest all ${method}\nlocal all all trust\nhost all all all trust\n`,
        postgresBinaries().account,
      );
    for (let round = 1; round <= 5; round++) {
      rule('trust');
      await reload();
      await waitFor('the guest to be let in', async () => await guest() === 'let in');
      rule('reject');
      await reload();
      const answers = await Promise.all(fiveAtOnce.map(guest));
      assert.deepEqual(answers, fiveAtOnce.map(() => '28000'), `round ${round}`);
    }
  });

  test('are not the reason that TLS is refused by a server that has just been told to speak it', async () => {
    cluster = await startCluster({ tls: true });
    const { first } = cluster;
    gateway = await startGateway({ CANDIDATES: cluster.candidates, ...patient });
    const { port } = gateway;
    await gateway.routesTo(first.port);
    const underTls = (): Promise<unknown> =>
      ask(port, 'select ssl from pg_stat_ssl where pid = pg_backend_pid()', { ssl: 'require' })
        .then(([row]) => row?.['ssl'], (error) => error.message);
    for (let round = 1; round <= 5; round++) {
      await first.query('alter system set ssl = off');
      await reload();
      await waitFor('TLS to be refused', async () => await underTls() !== true);
      await first.query('alter system set ssl = on');
      await reload();
      const answers = await Promise.all(fiveAtOnce.map(underTls));
      assert.deepEqual(answers, fiveAtOnce.map(() => true), `round ${round}`);
    }
  });
});
