import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ask, exchange, libpqConnect, noPsql, psql, serverBehind } from '../bed/clients.ts';
import { startCluster } from '../bed/cluster.ts';
import { freePort } from '../bed/ports.ts';
import { startupMessage } from '../bed/raw-client.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';

/** Length word, code. */
function request(code: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(8, 0);
  bytes.writeInt32BE(code, 4);
  return bytes;
}

describe(`refusals on ${gatewayRuntime}, as clients see them`, () => {
  let gateway: GatewayProcess;
  let impatient: GatewayProcess;
  let conninfo: string;
  let deadPort: number;

  before(async () => {
    deadPort = await freePort();
    gateway = await startGateway({
      CANDIDATES: `127.0.0.1:${deadPort}`,
      HOLD_MS: '200',
    });
    await gateway.routesTo('nobody');
    // The others may take a while: the first refusal under TLS makes a key, which a loaded machine needs a second for.
    impatient = await startGateway({ CANDIDATES: `127.0.0.1:${deadPort}`, STARTUP_TIMEOUT_MS: '1000' });
    conninfo = `host=127.0.0.1 port=${gateway.port} user=postgres dbname=postgres connect_timeout=10`;
  });

  after(() => Promise.all([gateway?.stop(), impatient?.stop()]));

  const isReadable = (text: string): void => {
    assert.match(text, /FATAL: +pg_gateway has no primary to connect to \(waited 0\.2 s\)/);
    assert.match(text, new RegExp(`DETAIL: +127\\.0\\.0\\.1:${deadPort} refuses connections`));
    assert.match(text, /HINT: +Try again when a primary is up/);
  };

  for (const mode of ['disable', 'allow', 'prefer', 'require']) {
    test(`psql with sslmode=${mode} shows the reason`, { skip: noPsql }, async () => {
      const { code, stderr } = await psql(`${conninfo} sslmode=${mode}`, 'select 1');
      assert.equal(code, 2);
      isReadable(stderr);
    });

    test(`libpq 18 with sslmode=${mode} shows the reason`, async () => {
      isReadable((await libpqConnect(`${conninfo} sslmode=${mode}`)).error);
    });
  }

  test('libpq 18 with direct TLS shows the reason', async () => {
    isReadable((await libpqConnect(`${conninfo} sslmode=require sslnegotiation=direct`)).error);
  });

  test('libpq 18 goes on to the next host of its list', async () => {
    const cluster = await startCluster();
    try {
      const ports = `${gateway.port},${cluster.first.port}`;
      const list = `host=127.0.0.1,127.0.0.1 port=${ports} user=postgres dbname=postgres`;
      for (const mode of ['disable', 'prefer']) {
        assert.deepEqual(await libpqConnect(`${list} sslmode=${mode}`), {
          error: '',
          port: String(cluster.first.port),
        });
      }
    } finally {
      await cluster.close();
    }
  });

  test('the postgres package shows the reason, with and without TLS', async () => {
    for (const ssl of [false, { rejectUnauthorized: false }] as const) {
      await assert.rejects(ask(gateway.port, 'select 1', { ssl }), {
        code: '57P03',
        message: /has no primary/,
      });
    }
  });

  test('GSSENCRequest is answered with N, and the client can go on', async () => {
    const gss = request(80877104);
    const { bytes } = await exchange(gateway.port, Buffer.concat([gss, startupMessage()]));
    assert.equal(bytes.subarray(0, 2).toString('latin1'), 'NE');
    assert.match(bytes.toString(), /C57P03/);
  });

  test('what comes together with SSLRequest, before TLS could protect it, ends the connection', async () => {
    const { bytes } = await exchange(gateway.port, Buffer.concat([request(80877103), startupMessage()]));
    assert.equal(bytes.length, 0);
  });

  for (
    const [what, bytes, why] of [
      ['a length word of 2 GB', Buffer.from('7fffffff00030000', 'hex'), /2147483647 bytes long/],
      ['a length word of nothing', Buffer.from('0000000000030000', 'hex'), /0 bytes long/],
      ['a broken SSLRequest', Buffer.from('0000000904d2162f00', 'hex'), /SSLRequest says 9 bytes/],
      ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), /does not understand this client: it speaks SSH/],
    ] as const
  ) {
    test(`${what} is answered with an ErrorResponse that says what is wrong`, async () => {
      const answer = await exchange(gateway.port, bytes);
      assert.equal(answer.bytes.subarray(0, 1).toString(), 'E');
      assert.equal(answer.bytes.readInt32BE(1), answer.bytes.length - 1);
      assert.match(answer.bytes.toString(), /VFATAL\0C08P01\0/);
      assert.match(answer.bytes.toString(), why);
      assert.equal(answer.error, undefined);
    });
  }

  for (
    const [what, hex] of [
      ['a Terminate', '5800000004'],
      ['a cancel request of 8 bytes', '0000000804d2162e'],
      ['a cancel request of 13 bytes', '0000000d04d2162e0000000101'],
      ['a cancel request of 300 bytes', `0000012c04d2162e${'01'.repeat(292)}`],
    ] as const
  ) {
    test(`${what} as the first packet is closed without a word, as PostgreSQL does`, async () => {
      assert.deepEqual(await exchange(gateway.port, Buffer.from(hex, 'hex')), {
        bytes: Buffer.alloc(0),
        error: undefined,
      });
    });
  }

  for (const hex of ['', '00', '00000029000300', '5800']) {
    test(`a half-close after ${hex.length / 2} bytes of the first packet is closed without a word`, async () => {
      assert.deepEqual(await exchange(gateway.port, Buffer.from(hex, 'hex'), 'halfClose'), {
        bytes: Buffer.alloc(0),
        error: undefined,
      });
    });
  }

  test('other protocols than 3 are told so, in the format of their time', async () => {
    for (const major of [0, 1, 2]) {
      const { bytes } = await exchange(gateway.port, Buffer.from(`00000008000${major}0000`, 'hex'));
      assert.match(
        bytes.toString(),
        new RegExp(`^EFATAL: {2}unsupported frontend protocol ${major}\\.0: .*\n\0$`),
      );
    }
    const { bytes } = await exchange(gateway.port, Buffer.from('0000000800040000', 'hex'));
    assert.match(bytes.toString(), /VFATAL\0C0A000\0Munsupported frontend protocol 4\.0: /);
  });

  test('half a packet is answered after STARTUP_TIMEOUT_MS, with its name', async () => {
    const answer = await exchange(impatient.port, startupMessage().subarray(0, 20));
    assert.match(
      answer.bytes.toString(),
      /C57014\0Mpg_gateway waited 1 s for the rest of the first packet\0HSTARTUP_TIMEOUT_MS/,
    );
  });

  test('a client that says nothing is let go after STARTUP_TIMEOUT_MS', async () => {
    const isClosed = await new Promise((resolve) => {
      const socket = connect(impatient.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.on('close', () => resolve(true));
    });
    assert.ok(isClosed);
    assert.ok(await impatient.metric('pg_gateway_closes_total{reason="startupTimeout"}') as number >= 1);
  });

  test('none of this disturbs the others', async () => {
    const cluster = await startCluster();
    const other = await startGateway({
      CANDIDATES: cluster.candidates,
      STARTUP_TIMEOUT_MS: '2000',
      ...patient,
    });
    try {
      await other.routesTo(cluster.first.port);
      const good = ask(other.port, 'select pg_sleep(0.5), 42 as n');
      await Promise.all([
        exchange(other.port, Buffer.from('7fffffff00030000', 'hex')),
        exchange(other.port, Buffer.alloc(100_000, 'x')),
        exchange(other.port, startupMessage().subarray(0, 5)),
      ]);
      assert.equal((await good)[0]?.['n'], 42);
      assert.equal(await serverBehind(other.port), cluster.first.port);
    } finally {
      await other.stop();
      await cluster.close();
    }
  });
});
