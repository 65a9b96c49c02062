import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { freePort } from '../bed/ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'listen-'));
after(() => rmSync(folder, { recursive: true }));

/** What a client of libpq does with `host` and `port`. */
async function portBehind(host: string, port: number): Promise<unknown> {
  const sql = clientOf(port, host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host });
  try {
    const [row] = await sql`select current_setting('port')::int as port`;
    return row?.['port'];
  } finally {
    await sql.end({ timeout: 5 });
  }
}

describe(`several addresses to listen on, with ${gatewayRuntime}`, () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
  });
  after(() => cluster?.close());

  const settings = async () => ({
    ...patient,
    CANDIDATES: cluster.candidates,
    LISTEN_HOST: `127.0.0.1,::1,${folder}`,
    LISTEN_PORT: String(await freePort()),
    REPLICA_PORT: String(await freePort()),
    CONTROL_SOCKET: join(folder, 'control.sock'),
  });

  for (const NUM_THREADS of ['1', '2']) {
    test(`IPv4, IPv6 and a unix socket serve both ports, with ${NUM_THREADS} workers, and are gone in the end`, async () => {
      const given = await settings();
      const [port, replicaPort] = [Number(given.LISTEN_PORT), Number(given.REPLICA_PORT)];
      const path = `${folder}/.s.PGSQL.${port}`;
      const gateway = await startGateway({ ...given, NUM_THREADS });
      try {
        await gateway.routesTo(cluster.first.port);
        assert.equal(gateway.log.find(({ event }) => event === 'listening')?.['also'], `::1,${folder}`);
        for (const host of ['127.0.0.1', '::1', folder]) {
          assert.equal(await portBehind(host, port), cluster.first.port, host);
          assert.equal(await portBehind(host, replicaPort), cluster.server(1).port, host);
        }
        assert.equal(statSync(path).mode & 0o777, 0o777);
      } finally {
        await gateway.stop();
      }
      assert.ok(!existsSync(path), 'the socket is left behind');
    });
  }

  test('a socket that a killed gateway has left behind is taken again', async () => {
    const given = await settings();
    const killed = await startGateway(given);
    killed.signal('SIGKILL');
    await killed.exited;
    assert.ok(existsSync(`${folder}/.s.PGSQL.${given.LISTEN_PORT}`));
    const gateway = await startGateway(given);
    await gateway.routesTo(cluster.first.port);
    assert.equal(await portBehind(folder, gateway.port), cluster.first.port);
    await gateway.stop();
  });

  test('a file in the place of a socket keeps it, and is named', async () => {
    const given = await settings();
    const path = `${folder}/.s.PGSQL.${given.LISTEN_PORT}`;
    writeFileSync(path, 'precious');
    const { code, stderr } = await runProgram([], { ...given, METRICS_PORT: '0', PGUSER: 'x' });
    assert.equal(code, 1);
    assert.match(stderr, /cannot listen on .*\.s\.PGSQL\.\d+: there is a file that is no socket/);
    assert.equal(statSync(path).size, 8);
  });

  test('a gateway that takes over has all of them, without a gap', {
    skip: (gatewayRuntime === 'node' || process.platform !== 'linux') &&
      'descriptors are passed by the native engine',
  }, async () => {
    const given = { ...await settings(), TAKEOVER: 'on' };
    const port = Number(given.LISTEN_PORT);
    let gateway = await startGateway(given);
    await gateway.routesTo(cluster.first.port);
    for (let restart = 0; restart < 3; restart++) {
      const next = await startGateway(given);
      assert.equal(await gateway.exited, 0);
      gateway = next;
      for (const host of ['127.0.0.1', '::1', folder]) {
        assert.equal(
          await portBehind(host, port),
          cluster.first.port,
          `${host} after ${restart + 1} restarts`,
        );
      }
    }
    await gateway.stop();
    assert.ok(!existsSync(`${folder}/.s.PGSQL.${port}`));
  });
});
