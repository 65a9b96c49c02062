import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { exchange } from '../bed/clients.ts';
import { type Cluster, type Server, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import type { ForeignProgram } from '../bed/foreign-program.ts';
import { noHaproxy, startHaproxy } from '../bed/haproxy.ts';
import { freePort } from '../bed/ports.ts';
import { queryMessage, startupMessage } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

/** The configuration of docs/recipes/haproxy.md with the ports of this test, and with checks that follow each other faster. */
function config(
  primaries: number,
  replicas: number,
  gateway: GatewayProcess,
  servers: readonly Server[],
): string {
  const page = readFileSync(new URL('../../docs/recipes/haproxy.md', import.meta.url), 'utf8');
  const recipe = /^```haproxy\n(.*?)^```$/ms.exec(page)?.[1];
  assert.ok(recipe, 'the recipe has no configuration');
  const lines = servers.map(({ address }) => `  server ${address} ${address}`).join('\n');
  return recipe.replaceAll(/(?:^ {2}server db.*\n)+/gm, `${lines}\n`)
    .replaceAll('inter 1s', 'inter 100ms')
    .replaceAll('port 6433 addr 127.0.0.1', `port ${gateway.metricsPort} addr 127.0.0.1`)
    .replaceAll(/http-check send .*/g, `$& hdr Authorization "Bearer ${token}"`)
    .replace('bind :5000', `bind 127.0.0.1:${primaries}`)
    .replace('bind :5001', `bind 127.0.0.1:${replicas}`);
}

const question = Buffer.concat([
  startupMessage(),
  queryMessage("select 'port=' || inet_server_port()"),
  Buffer.from([0x58, 0, 0, 0, 4]), // Terminate
]);

/** In bare bytes: a driver would try again by itself while HAProxy has no server, and closes at once. */
async function serverBehind(port: number): Promise<number> {
  const { bytes } = await exchange(port, question);
  return Number(/port=(\d+)/.exec(bytes.toString('latin1'))?.[1]);
}

const promotions = 10;
const token = 'open-sesame';

describe(`HAProxy that asks the gateway, on ${gatewayRuntime}`, { skip: noHaproxy }, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let haproxy: ForeignProgram;
  let [primaries, replicas] = [0, 0];

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    gateway = await startGateway({ CANDIDATES: cluster.candidates, METRICS_TOKEN: token, ...patient });
    await gateway.routesTo(cluster.first.port);
    [primaries, replicas] = [await freePort(), await freePort()];
    haproxy = await startHaproxy(config(primaries, replicas, gateway, cluster.servers), primaries, replicas);
  });
  after(async () => {
    await haproxy?.stop();
    await gateway?.stop();
    await cluster?.close();
  });

  test(`follows ${promotions} promotions, and reads from the standby`, async () => {
    let [primary, standby] = [cluster.server(0), cluster.server(1)];
    const leadsTo = (port: number, server: Server) =>
      waitFor(`HAProxy to lead to ${server.name}`, async () => await serverBehind(port) === server.port, {
        evidence: () =>
          `${haproxy.said()}\n${gateway.log.slice(-3).map((line) => JSON.stringify(line)).join('\n')}`,
      });
    await leadsTo(primaries, primary);
    await leadsTo(replicas, standby);
    for (let done = 0; done < promotions; done += 1) {
      await primary.stop('fast');
      await standby.promote();
      await leadsTo(primaries, standby);
      await primary.follow(standby);
      await leadsTo(replicas, primary);
      // The other one is up again, as a standby.
      assert.equal(await serverBehind(primaries), standby.port);
      [primary, standby] = [standby, primary];
    }
  });
});
