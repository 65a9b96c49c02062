/** Programs that are no clients of PostgreSQL, on the port of the gateway. */
import assert from 'node:assert/strict';
import { connect, createServer, type Server as TcpServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { libpqConnect } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { startupMessage } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

describe(`other protocols, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  before(async () => {
    cluster = await startCluster({ tls: true });
    gateway = await startGateway({ CANDIDATES: cluster.candidates, ...patient });
    await gateway.routesTo(cluster.first.port);
  });
  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  /** What the log says of the first client whose line matches, and how many were counted. */
  const named = async (protocol: string, why: RegExp): Promise<void> => {
    const line = await waitFor(`a line about ${protocol}`, () => {
      return gateway.log.find((line) => line.event === 'other_protocol' && why.test(String(line['why'])));
    });
    assert.equal(line.level, 'warn');
    assert.equal(line['port'], 'primary');
    assert.match(String(line['client']), /^127\.0\.0\.1:\d+$/);
    assert.ok(await gateway.metric(`pg_gateway_other_protocols_total{protocol="${protocol}"}`) as number > 0);
  };

  test('an HTTP check is answered with 400 and where to go', async () => {
    const response = await fetch(`http://127.0.0.1:${gateway.port}/healthz`);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /an HTTP request\. .*\/ready and \/metrics are on METRICS_PORT\.$/m);
    await named('http', /HTTP request/);
  });

  /** How TLS without SSLRequest ends that offers these protocols: `served`, `closed`, or the code of an error. */
  const tls = (port: number, ...protocols: string[]): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTls({
        host: '127.0.0.1',
        port,
        rejectUnauthorized: false,
        ...(protocols.length > 0 && { ALPNProtocols: protocols }),
      });
      let ended = 'closed';
      socket.on('secureConnect', () => socket.write(startupMessage()));
      socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => ended = code);
      socket.on('data', () => {
        ended = 'served';
        socket.destroy();
      });
      socket.on('close', () => resolve(ended));
    });

  test('TLS for another service gets an alert, where PostgreSQL itself would not serve it', async () => {
    assert.equal(await tls(gateway.port, 'postgresql'), 'served');
    assert.equal(await tls(gateway.port, 'h2', 'postgresql'), 'served');
    for (const protocols of [['h2', 'http/1.1'], []]) {
      assert.notEqual(await tls(cluster.first.port, ...protocols), 'served');
      assert.equal(await tls(gateway.port, ...protocols), 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
    }
    await named('tls', /another service than PostgreSQL/);
    assert.equal(await gateway.metric('pg_gateway_other_protocols_total{protocol="tls"}'), 2);
  });

  for (
    const [version, header] of [
      [1, Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 40000 5432\r\n')],
      [2, Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000201c00002029c401538', 'hex')],
    ] as const
  ) {
    test(`libpq behind a load balancer with PROXY protocol version ${version} reads what is wrong`, async () => {
      const balancer = await startBalancer(gateway.port, header);
      try {
        const { port } = balancer.address() as { port: number };
        for (const more of ['sslmode=disable', 'sslmode=require', 'sslmode=require sslnegotiation=direct']) {
          const { error } = await libpqConnect(
            `host=127.0.0.1 port=${port} user=postgres dbname=postgres ${more}`,
          );
          assert.match(error, /it begins with a PROXY protocol header/, more);
          assert.match(
            error,
            /HINT: {2}The load balancer before this port .* switch it off there, or let pg_gateway read it/,
            more,
          );
        }
      } finally {
        balancer.close();
      }
      await named('proxy', /PROXY protocol header/);
    });
  }

  test('a probe that only connects is neither named nor counted', async () => {
    const lines = gateway.log.length;
    const before = await gateway.metric('pg_gateway_connections_total') as number;
    const socket = connect(gateway.port, '127.0.0.1', () => socket.end());
    await waitFor('it to be closed', async () => {
      return await gateway.metric('pg_gateway_connections_total') === before + 1 &&
        await gateway.metric('pg_gateway_connections_active') === 0;
    });
    assert.equal(gateway.log.length, lines);
    assert.equal(await gateway.metric('pg_gateway_other_protocols_total{protocol="unknown"}'), 0);
  });
});

/** Passes on to `port` what its clients say, behind `header`. */
async function startBalancer(port: number, header: Buffer): Promise<TcpServer> {
  const server = createServer((client) => {
    const upstream: Socket = connect(port, '127.0.0.1', () => {
      upstream.write(header);
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
