import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { asPrimary, honest, LyingServer } from '../bed/lying-server.ts';
import { waitFor } from '../bed/wait-for.ts';

/** Where no value of PostgreSQL's own is near it. */
const leap = '4000000000';

describe(`a candidate that lies, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let liar: LyingServer;
  let gateway: GatewayProcess;

  beforeEach(async () => {
    cluster = await startCluster({ standbys: 2 });
    liar = await new LyingServer(cluster.server(2).port).listen();
    await start(patient);
  });

  async function start(env: Record<string, string>): Promise<void> {
    gateway = await startGateway({
      // Listed first: that must not help it.
      CANDIDATES: [liar.address, cluster.first.address, cluster.server(1).address].join(','),
      PGSSLMODE: 'disable',
      ...env,
    });
    await gateway.routesTo(cluster.first.port);
  }

  afterEach(async () => {
    await gateway?.stop();
    await liar?.close();
    await cluster?.close();
  });

  const said = (event: string, candidate: string): number =>
    gateway.log.filter((line) => line.event === event && line['candidate'] === candidate).length;

  const everything = (): string => gateway.log.map((line) => JSON.stringify(line)).join('\n');

  const isFoundOut = (): Promise<unknown> =>
    waitFor('it to be distrusted', () => said('candidate_distrusted', liar.address) > 0, {
      evidence: everything,
    });

  /** The candidates of this standing, by the last verdict. */
  function standing(of: string): string[] | undefined {
    const last = gateway.log.findLast(({ candidates }) => candidates !== undefined);
    const found = String(last?.['candidates']).split(' ').filter((text) => text.endsWith(`:${of}`));
    return found.length > 0 ? found : undefined;
  }

  async function claimStartOfPrimary(): Promise<void> {
    const [row] = await cluster.first.query(
      `select (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text || ' ' ||
        current_setting('port') || ' ' || current_setting('listen_addresses') as start`,
    );
    const start = String(row?.['start']);
    liar.lie = (said) => ({ ...asPrimary(said), started_at: start });
  }

  const answers = async (): Promise<number> =>
    await gateway.metric(`pg_gateway_probe_duration_seconds_count{candidate="${liar.address}"}`) ?? 0;

  async function isAskedAgain(): Promise<void> {
    const before = await answers();
    await waitFor('it to be asked four times more', async () => await answers() >= before + 4);
  }

  /** The primary has stayed what it was, for every client that came. */
  async function nothingHasChanged(): Promise<void> {
    assert.equal(await serverBehind(gateway.port), cluster.first.port);
    const routes = gateway.log.flatMap(({ primary }) => primary === undefined ? [] : [primary]);
    const first = routes.indexOf(cluster.first.address);
    assert.deepEqual(new Set(routes.slice(first)), new Set([cluster.first.address]));
  }

  test('that it is the primary on timeline 4000000000 gets no client, and leaves nothing behind', async () => {
    liar.lie = (said) => ({ ...asPrimary(said), timeline: leap });
    await isFoundOut();
    await isAskedAgain();
    await nothingHasChanged();
    await liar.close();
    await waitFor('it to be down', () => said('candidate_down', liar.address) > 0);
    await nothingHasChanged();
  });

  test('that it is a standby on timeline 4000000000 withdraws no primary, and a promotion is seen', async () => {
    liar.lie = () => ({ timeline: leap });
    await isFoundOut();
    await isAskedAgain();
    await nothingHasChanged();
    await cluster.first.kill();
    await cluster.server(1).promote();
    await gateway.routesTo(cluster.server(1).port);
    assert.equal(await serverBehind(gateway.port), cluster.server(1).port);
  });

  test('that it is primary and standby in turns is logged once, and gets no client', async () => {
    let count = 0;
    liar.lie = (said) => {
      count += 1;
      return count % 2 === 0 ? {} : asPrimary(said);
    };
    await isFoundOut();
    const before = gateway.log.length;
    await isAskedAgain();
    await isAskedAgain();
    await nothingHasChanged();
    assert.equal(said('candidate_distrusted', liar.address), 1);
    assert.ok(gateway.log.length - before < 5, everything());
  });

  test('and is elected while the primary is down is forgotten when it is gone', async () => {
    // The ten seconds come from the limits of those who have not chosen any.
    await gateway.stop();
    await start({});
    liar.lie = (said) => ({ ...asPrimary(said), timeline: leap });
    await isFoundOut();
    await cluster.first.stop();
    await gateway.routesTo(liar.port);
    await liar.close();
    await gateway.routesTo('nobody');
    await cluster.first.start();
    await gateway.routesTo(cluster.first.port);
    assert.equal(await serverBehind(gateway.port), cluster.first.port);
  });

  test('and is elected while the primary is down gives way to a standby that is promoted', async () => {
    liar.lie = (said) => ({ ...asPrimary(said), timeline: leap });
    await isFoundOut();
    await cluster.first.stop();
    await gateway.routesTo(liar.port);
    await cluster.server(1).promote();
    await gateway.routesTo(cluster.server(1).port);
    assert.equal(await serverBehind(gateway.port), cluster.server(1).port);
  });

  test('that it started when the primary did is a rival, and an alarm', async () => {
    await claimStartOfPrimary();
    await waitFor('the alarm', () => gateway.log.some(({ event }) => event === 'split_brain'), {
      evidence: everything,
    });
    await isAskedAgain();
    await nothingHasChanged();
  });

  test('that it started when the primary did gets no client of a gateway that starts, though it is listed first', async () => {
    await claimStartOfPrimary();
    await gateway.stop();
    await start(patient);
    await isAskedAgain();
    await nothingHasChanged();
    assert.ok(gateway.log.some(({ event }) => event === 'split_brain'), everything());
  });

  test('is not one that is another way to the primary, also for a gateway that starts', async () => {
    await gateway.stop();
    await liar.close();
    liar = await new LyingServer(cluster.first.port).listen();
    gateway = await startGateway({
      CANDIDATES: [liar.address, cluster.first.address, cluster.server(1).address].join(','),
      PGSSLMODE: 'disable',
      ...patient,
    });
    await waitFor('a primary', () => standing('primary') !== undefined, { evidence: everything });
    await waitFor('its other name', () => standing('alias') !== undefined, { evidence: everything });
    assert.equal(await serverBehind(gateway.port), cluster.first.port);
    assert.ok(!gateway.log.some(({ event }) => event === 'split_brain'), everything());
  });

  test('and tells the truth again is a standby like the others', async () => {
    liar.lie = () => ({ timeline: leap });
    await isFoundOut();
    liar.lie = honest;
    await waitFor('it to be a standby', () => standing('standby')?.includes(`${liar.address}:standby`));
  });
});
