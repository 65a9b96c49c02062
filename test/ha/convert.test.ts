import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { exchange } from '../bed/clients.ts';
import { type Cluster, type Server, startCluster } from '../bed/cluster.ts';
import type { ForeignProgram } from '../bed/foreign-program.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { noHaproxy, startHaproxy } from '../bed/haproxy.ts';
import { freePort } from '../bed/ports.ts';
import { queryMessage, startupMessage } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

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

/** A fixture whose checks ask the servers themselves, with these servers and ports. */
function configOf(servers: readonly Server[], primaries: number, standbys: number): string {
  const text = readFileSync(new URL('../cli/convert/fixtures/tcp-check.cfg', import.meta.url), 'utf8');
  const lines = servers.map(({ name, address }) => `    server ${name} ${address} check`).join('\n');
  return text.replaceAll(/(?:^ {4}server .*\n)+/gm, `${lines}\n`)
    .replaceAll('inter 1s', 'inter 100ms')
    .replace('127.0.0.1:5000', `127.0.0.1:${primaries}`)
    .replace('127.0.0.1:5001', `127.0.0.1:${standbys}`);
}

describe(`the gateway that takes HAProxy's place, on ${gatewayRuntime}`, { skip: noHaproxy }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'convert-'));
  let cluster: Cluster;
  let haproxy: ForeignProgram;
  let gateway: GatewayProcess;
  let file = '';
  let [primaries, standbys] = [0, 0];

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    [primaries, standbys] = [await freePort(), await freePort()];
    const config = configOf(cluster.servers, primaries, standbys);
    haproxy = await startHaproxy(config, primaries);
    const path = join(folder, 'haproxy.cfg');
    writeFileSync(path, config);
    const { code, stdout, stderr } = await runProgram(['convert', path]);
    assert.equal(code, 0, stderr);
    file = join(folder, 'gateway.env');
    writeFileSync(file, stdout);
    // Beside HAProxy, as docs/moving/haproxy.md has it: the environment wins over the file.
    gateway = await startGateway({ CONFIG_FILE: file, REPLICA_PORT: '0', ...patient });
  });
  after(async () => {
    await gateway?.stop();
    await haproxy?.stop();
    await cluster?.close();
    rmSync(folder, { recursive: true });
  });

  const leadsTo = async (server: Server, ...ports: readonly number[]) => {
    for (const port of ports) {
      await waitFor(
        `${port} to lead to ${server.name}`,
        async () => await serverBehind(port) === server.port,
        {
          evidence: () => haproxy.said(),
        },
      );
    }
  };

  test('leads to the same primary and the same standby as HAProxy, also after a promotion', async () => {
    const [primary, standby] = [cluster.server(0), cluster.server(1)];
    await leadsTo(primary, primaries, gateway.port);
    await leadsTo(standby, standbys, gateway.standbyPort);
    await primary.stop('fast');
    await standby.promote();
    await leadsTo(standby, primaries, gateway.port);
    await primary.follow(standby);
    await leadsTo(primary, standbys, gateway.standbyPort);
  });

  test('serves at the ports of HAProxy once that has left them', async () => {
    await haproxy.stop();
    await gateway.stop();
    // An empty variable is none: those of the file count.
    gateway = await startGateway({
      CONFIG_FILE: file,
      LISTEN_HOST: '',
      LISTEN_PORT: '',
      ...patient,
    });
    assert.deepEqual([gateway.port, gateway.standbyPort], [primaries, standbys]);
    await leadsTo(cluster.server(1), primaries);
    await leadsTo(cluster.server(0), standbys);
  });
});
