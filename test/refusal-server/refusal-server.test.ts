import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { makeCertificate } from '../../src/refusal-server/certificate.ts';
import { type RefusalServer, startRefusalServer } from '../../src/refusal-server/refusal-server.ts';
import { serveTls } from '../../src/runtime/tls-server.ts';
import { until, waitFor } from '../bed/wait-for.ts';
import {
  dial,
  type Heard,
  listenTo,
  packet,
  preamble,
  preambleOf,
  ready,
  secured,
  sentence,
  startup,
} from './refusal-client.ts';

/** Long enough for any machine, so that only the tests of the limits meet them. */
const generous = { maxConnections: 100, timeoutMs: 60_000 };

const failed = assert.ifError;

/** One certificate for all: a key takes a tenth of a second. */
const certificate = makeCertificate();

interface Scene {
  readonly server: RefusalServer;
  /** A plain connection; gone with the test. */
  dial(): Promise<Socket>;
}

/** A test with a refusal server of its own, without `t.after`, which Deno does not call inside `describe`. */
function check(name: string, run: (scene: Scene) => Promise<void>, limits = generous): void {
  test(name, { timeout: 60_000 }, async () => {
    const server = await startRefusalServer(await certificate, limits, failed);
    const sockets: Socket[] = [];
    try {
      await run({
        server,
        dial: async () => {
          const socket = await dial(server.address);
          sockets.push(socket);
          return socket;
        },
      });
    } finally {
      server.close();
      for (const socket of sockets) socket.destroy();
    }
  });
}

async function hears(heard: Heard, expected: Buffer = sentence): Promise<void> {
  await until(() => heard.isClosed, () => `the end; came: ${heard.bytes.toString('latin1')}`);
  assert.deepEqual(heard.bytes, expected);
}

const nothing = Buffer.alloc(0);

describe('a refusal under TLS', () => {
  check('answers the StartupMessage, and ends the connection', async ({ dial }) => {
    const socket = await dial();
    socket.write(preamble);
    const tls = await secured(socket);
    const heard = listenTo(tls);
    tls.write(startup);
    await hears(heard);
  });

  check('agrees on the protocol "postgresql"', async ({ dial }) => {
    const socket = await dial();
    socket.write(preamble);
    assert.equal((await secured(socket)).alpnProtocol, 'postgresql');
  });

  check('is said to a client that names no protocol', async ({ dial }) => {
    const socket = await dial();
    socket.write(preamble);
    const tls = await secured(socket, []);
    const heard = listenTo(tls);
    tls.write(startup);
    await hears(heard);
  });

  check('waits until the StartupMessage is complete', async ({ dial }) => {
    const socket = await dial();
    socket.write(preamble);
    const tls = await secured(socket);
    const heard = listenTo(tls);
    for (const byte of startup.subarray(0, -1)) tls.write(Uint8Array.of(byte));
    // Once another connection was served from its beginning to its end, this one has had its turn too.
    const other = await dial();
    other.write(preamble);
    const otherTls = await secured(other);
    const otherHeard = listenTo(otherTls);
    otherTls.write(startup);
    await hears(otherHeard);
    assert.deepEqual(heard, { bytes: nothing, isClosed: false });
    tls.write(startup.subarray(-1));
    await hears(heard);
  });

  check('is said once, however much the client goes on to say', async ({ dial }) => {
    const socket = await dial();
    socket.write(preamble);
    const tls = await secured(socket);
    const heard = listenTo(tls);
    tls.write(startup);
    tls.write(startup);
    tls.write(Buffer.alloc(100_000, 'Q'));
    await hears(heard);
  });

  const others: readonly [string, Buffer][] = [
    ['a request for TLS inside TLS', packet(80_877_103)],
    ['a request to cancel', packet(80_877_102, 'pid_key_')],
    ['what is no PostgreSQL', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ];
  for (const [what, bytes] of others) {
    check(`answers ${what} too`, async ({ dial }) => {
      const socket = await dial();
      socket.write(preamble);
      const tls = await secured(socket);
      const heard = listenTo(tls);
      tls.write(bytes);
      await hears(heard);
    });
  }

  check("is each client's own, when many come at once", async ({ dial }) => {
    await Promise.all(Array.from({ length: 20 }, async () => {
      const socket = await dial();
      socket.write(preamble);
      const tls = await secured(socket);
      const heard = listenTo(tls);
      tls.write(startup);
      await hears(heard);
    }));
  });

  check(
    'comes whole when preamble and handshake arrive in one piece after several bites',
    async ({ dial }) => {
      const socket = await dial();
      for (const byte of preamble) socket.write(Uint8Array.of(byte));
      const tls = await secured(socket);
      const heard = listenTo(tls);
      tls.write(startup);
      await hears(heard);
    },
  );
});

describe('a refusal server and clients that misbehave', () => {
  const short = { ...generous, timeoutMs: 200 };

  const mute: readonly [string, Buffer, Buffer][] = [
    ['nothing', nothing, nothing],
    ['two bytes', preamble.subarray(0, 2), nothing],
    ['half a preamble', preamble.subarray(0, 20), nothing],
    ['a preamble and no handshake', preamble, ready],
    ['a preamble that says it is huge', Buffer.from('ffffffff00', 'hex'), nothing],
  ];
  for (const [what, bytes, answer] of mute) {
    check(`a client that says ${what} and waits is sent away after a while`, async ({ dial }) => {
      const heard = listenTo(await sent(dial, bytes));
      await hears(heard, answer);
    }, short);
  }

  check('a client that shakes hands and says nothing is sent away after a while', async ({ dial }) => {
    const socket = await sent(dial, preamble);
    await hears(listenTo(await secured(socket)), nothing);
  }, { ...generous, timeoutMs: 1000 });

  check(
    'a client without TLS after the preamble is sent away, with an alert at the most',
    async ({ dial }) => {
      const heard = listenTo(
        await sent(dial, Buffer.concat([preamble, Buffer.from('GET / HTTP/1.1\r\n\r\n')])),
      );
      await until(() => heard.isClosed, 'the end');
      assert.equal(heard.bytes.includes('57P03'), false);
      // A TLS alert has seven bytes and begins with 0x15.
      const alert = heard.bytes.subarray(ready.length);
      assert.ok(alert.length === 0 || alert[0] === 0x15, heard.bytes.toString('hex'));
    },
  );

  check('a client that announces a huge preamble is sent away at once', async ({ dial }) => {
    const socket = await sent(dial, Buffer.from('ffffffff', 'hex'));
    const heard = listenTo(socket);
    await until(() => {
      socket.write(Buffer.alloc(1000));
      return heard.isClosed;
    }, 'the end');
    assert.equal(heard.bytes.includes('57P03'), false);
  });

  check('a client that leaves in the middle leaves the server as it was', async ({ dial }) => {
    for (const bytes of [nothing, preamble.subarray(0, 3), preamble]) (await sent(dial, bytes)).destroy();
    const tls = await secured(await sent(dial, preamble));
    tls.destroy();
    const last = await secured(await sent(dial, preamble));
    const heard = listenTo(last);
    last.write(startup);
    await hears(heard);
  });

  check("another protocol than PostgreSQL's is not agreed on", async ({ dial }) => {
    const socket = await sent(dial, preamble);
    const tls = await secured(socket, ['http/1.1']).catch((error: Error) => error);
    if (tls instanceof Error) return;
    assert.notEqual(tls.alpnProtocol, 'http/1.1');
  });
});

describe('the limits of a refusal server', () => {
  check('a client that is one too many is dropped, and the others stay', async ({ dial }) => {
    const two = [await dial(), await dial()].map(listenTo);
    const third = listenTo(await dial());
    await hears(third, nothing);
    assert.deepEqual(two.map(({ isClosed }) => isClosed), [false, false]);
  }, { ...generous, maxConnections: 2 });

  check(
    'half handshakes of one address keep out no other one, and its own not for long',
    async ({ dial }) => {
      const attacker = preambleOf('10.9.9.9');
      const half = await Promise.all(
        Array.from({ length: 150 }, async () => listenTo(await sent(dial, attacker))),
      );
      await until(
        () => half.every(({ bytes, isClosed }) => isClosed || bytes.equals(ready)),
        'the answers to all',
      );
      // Three quarters of 90 places are 68.
      assert.ok(half.filter(({ isClosed }) => isClosed).length >= 150 - 68);
      const read = async (preamble: Buffer): Promise<true> => {
        const tls = await secured(await sent(dial, preamble));
        const heard = listenTo(tls);
        tls.write(startup);
        await hears(heard);
        return true;
      };
      await read(preambleOf('10.0.0.7'));
      await waitFor('room for another one of the address', () => read(attacker));
    },
  );

  check(
    'a client that stops in the handshake is sent away long before one that has done it',
    async ({ dial }) => {
      const tls = await secured(await sent(dial, preamble));
      const complete = listenTo(tls);
      await hears(listenTo(await sent(dial, preamble)), ready);
      assert.equal(complete.isClosed, false);
    },
  );

  check('refusals that are over do not count', async ({ dial }) => {
    for (let time = 0; time < 5; time += 1) {
      // A client knows that it is over a moment before the refusal server does.
      const tls = await waitFor('room for another', async () => secured(await sent(dial, preamble)));
      const heard = listenTo(tls);
      tls.write(startup);
      await hears(heard);
    }
  }, { ...generous, maxConnections: 1 });

  check('closing ends every connection, in whatever state it is', async ({ dial, server }) => {
    const plain = listenTo(await dial());
    const half = listenTo(await sent(dial, preamble.subarray(0, 20)));
    const tls = listenTo(await secured(await sent(dial, preamble)));
    server.close();
    for (const heard of [plain, half, tls]) await hears(heard, nothing);
    await assert.rejects(dial(), /ECONNREFUSED/);
  });

  check('closing twice is closing once', ({ server }) => {
    server.close();
    server.close();
    return Promise.resolve();
  });
});

describe('the certificate of a refusal server', () => {
  test('is a throw-away one if none is given', { timeout: 60_000 }, async () => {
    const server = await startRefusalServer(undefined, generous, failed);
    const socket = await dial(server.address);
    try {
      socket.write(preamble);
      const tls = await secured(socket);
      assert.equal(tls.getPeerCertificate().subject?.CN, 'pg_gateway');
    } finally {
      socket.destroy();
      server.close();
    }
  });

  test('that does not belong to its key is refused at the start', async () => {
    const { cert } = await certificate;
    const { key } = await makeCertificate();
    await assert.rejects(
      startRefusalServer({ cert, key }, generous, failed),
      /key does not belong to the certificate/,
    );
    await assert.rejects(startRefusalServer({ cert: 'no certificate', key }, generous, failed));
    await assert.rejects(startRefusalServer({ cert, key: 'no key' }, generous, failed));
  });
});

describe('a certificate that is made when it is needed', () => {
  test('is made once, and tried again if that failed', { timeout: 60_000 }, async () => {
    const errors: unknown[] = [];
    let calls = 0;
    const server = await serveTls({
      ...generous,
      handshakeMs: generous.timeoutMs,
      alpn: 'postgresql',
      certificate: async () => {
        calls += 1;
        if (calls === 1) throw new Error('no entropy');
        return await certificate;
      },
    }, {
      preamble: () => 1,
      admit: () => ready,
      secure: (_, peer) => peer.say(sentence),
      faulted: () => {},
      failed: (error) => errors.push(error),
    });
    const sockets: Socket[] = [];
    const client = async () => sockets[sockets.push(await dial(server.address)) - 1]!;
    try {
      assert.equal(calls, 0);
      const dropped = await client();
      dropped.write('x');
      dropped.resume();
      await until(() => dropped.closed, () => 'the end of the first client');
      assert.deepEqual(errors.map(String), ['Error: no entropy']);
      for (const socket of [await client(), await client()]) {
        socket.write('x');
        await hears(listenTo(await secured(socket)));
      }
      assert.equal(calls, 2);
    } finally {
      server.close();
      for (const socket of sockets) socket.destroy();
    }
  });
});

async function sent(dial: () => Promise<Socket>, bytes: Buffer): Promise<Socket> {
  const socket = await dial();
  socket.write(bytes);
  return socket;
}

test('an exception at one client drops that client, is told, and the next one is served', {
  timeout: 60_000,
}, async () => {
  const thrown: string[] = [];
  let isBroken = true;
  const server = await serveTls({
    ...generous,
    handshakeMs: generous.timeoutMs,
    alpn: 'postgresql',
    certificate: await certificate,
  }, {
    preamble: () => 1,
    admit: () => {
      if (isBroken) throw new Error('a fault');
      return ready;
    },
    secure: (_, peer) => peer.say(sentence),
    failed: () => {},
    faulted: (error) => thrown.push(String(error)),
  });
  const sockets: Socket[] = [];
  try {
    for (isBroken of [true, false]) {
      const socket = await dial(server.address);
      sockets.push(socket);
      socket.write('x');
      if (isBroken) {
        socket.resume();
        await until(() => socket.closed, () => 'the end of the client');
      } else {
        const answer = new Promise((resolve) => socket.once('data', resolve));
        assert.deepEqual(Buffer.from(await answer as Buffer), Buffer.from(ready));
      }
    }
    assert.deepEqual(thrown, ['Error: a fault']);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
