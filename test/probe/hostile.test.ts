/** Servers that know how to speak PostgreSQL and want to keep the gateway busy: what they cost has a bound. */
import assert from 'node:assert/strict';
import { createHmac, pbkdf2Sync } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe } from 'node:test';
import { maxAnswerBytes } from '../../src/protocol/message-guard.ts';
import { maxScramRounds } from '../../src/protocol/scram-challenge.ts';
import type { ProbeError } from '../../src/probe/failure.ts';
import { type Salting, Saltings } from '../../src/probe/saltings.ts';
import { waitFor } from '../bed/wait-for.ts';
import { check, type Closer, fakeServer, int32, message, open } from './support.ts';

const authenticationOk = message('R', 0);
const readyForQuery = message('Z', 'I');
const values = ['f', 'f', '7', '2', '0/10', '0/10', '17', null, null];
const row = message(
  'D',
  Buffer.from([0, values.length]),
  ...values.map((value) =>
    value === null ? int32(0xffffffff) : Buffer.concat([int32(value.length), Buffer.from(value)])
  ),
);
const login = Buffer.concat([
  authenticationOk,
  message('S', 'server_version\x0018.0\0'),
  message('K', int32(1), int32(2)),
  readyForQuery,
]);
const answer = Buffer.concat([
  message('3'),
  message('1'),
  message('2'),
  row,
  message('C', 'SELECT 1\0'),
  readyForQuery,
]);

/** Sends `bytes` as fast as they are read, for as long as the connection is open. Returns how many went out. */
function flooding(socket: Socket, bytes: Buffer): () => number {
  const block = Buffer.concat(Array.from({ length: Math.ceil(65_536 / bytes.length) }, () => bytes));
  let sent = 0;
  const more = () => {
    while (!socket.destroyed) {
      sent += block.length;
      if (!socket.write(block)) return;
    }
  };
  socket.on('drain', more);
  more();
  return () => sent;
}

describe('a server that stops in the middle', () => {
  check('of any message says nothing that counts, and leaves no connection', async (t) => {
    const said = [login, answer];
    let cut = 0;
    const server = await fakeServer(t, (socket) => {
      const end = (bytes: Buffer, from: number): Buffer => bytes.subarray(0, Math.max(0, cut - from));
      socket.once('data', () => {
        socket.write(end(said[0]!, 0));
        if (cut < login.length) return void socket.end();
        socket.once('data', () => socket.end(end(said[1]!, login.length)));
      });
    });
    for (cut = 0; cut < login.length + answer.length; cut += 1) {
      const { probe } = open(t, server.port);
      const error = await probe.ask().then(() => undefined, (error: ProbeError) => error);
      assert.equal(error?.kind, 'disconnected', `after ${cut} bytes: ${error?.message}`);
    }
    await waitFor('the sockets to be closed', () => server.sockets.size === 0);
  });

  check('and sends each byte alone is understood', async (t) => {
    const slowly = async (socket: Socket, bytes: Buffer) => {
      for (const byte of bytes) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
    };
    const server = await fakeServer(t, (socket) => {
      socket.setNoDelay(true);
      socket.once('data', () => {
        void slowly(socket, login);
        socket.once('data', () => void slowly(socket, answer));
      });
    });
    assert.equal((await open(t, server.port).probe.ask()).timeline, 2);
  });
});

describe('a server that goes on and on', () => {
  /** What comes again and again, and before what. */
  const floods: readonly (readonly [string, 'login' | 'question', Buffer, RegExp])[] = [
    ['ParameterStatus', 'login', message('S', 'a\0b\0'), /on and on/],
    ['NoticeResponse', 'login', message('N', 'Mhello\0\0'), /on and on/],
    ['requests for the password', 'login', message('R', 5, Buffer.alloc(4)), /again and again/],
    ['AuthenticationOk', 'login', authenticationOk, /after its end/],
    ['logins', 'login', login, /after its end/],
    [
      'a message of 2 GB less a byte',
      'login',
      message('S', 'x').fill(0x7f, 1, 2).fill(0xff, 2, 5),
      /2147483647/,
    ],
    ['a message of less than nothing', 'login', message('S', 'x').fill(0xff, 1, 5), /4294967295 bytes/],
    ['NoticeResponse', 'question', message('N', 'Mhello\0\0'), /on and on/],
    ['ErrorResponse', 'question', message('E', 'C00000\0Mhello\0\0'), /on and on/],
    ['rows', 'question', row, /several rows/],
    ['a row without an end', 'question', Buffer.concat([Buffer.from('D'), int32(0x7ffffff0)]), /2147483632/],
    ['its answers', 'question', answer, /again and again|several rows/],
  ];
  for (const [what, before, bytes, expected] of floods) {
    check(`with ${what} after the ${before} began is cut off`, async (t) => {
      let sent = () => 0;
      const server = await fakeServer(t, (socket) => {
        socket.once('data', () => {
          if (before === 'login') return void (sent = flooding(socket, bytes));
          socket.write(login);
          socket.once('data', () => sent = flooding(socket, bytes));
        });
      });
      const { probe, ended } = open(t, server.port, { password: () => 'secret' });
      const error = await probe.ask().then(() => ended, (error) => error) as ProbeError;
      assert.match(error.message, expected);
      assert.match(error.kind, /notPostgres|malformed/);
      await waitFor('the socket to be closed', () => server.sockets.size === 0);
      // What was read, and what the kernels of both sides hold.
      assert.ok(sent() < maxAnswerBytes + 16 * 1024 * 1024, `${sent()} bytes`);
    });
  }

  check('with ReadyForQuery between two questions is cut off, and why is said', async (t) => {
    const server = await fakeServer(t, (socket) => {
      socket.once('data', () => {
        socket.write(login);
        socket.once(
          'data',
          () => socket.write(answer, () => setTimeout(flooding, 50, socket, readyForQuery)),
        );
      });
    });
    const { probe, ended } = open(t, server.port);
    await probe.ask();
    assert.match((await ended).message, /it is ready again and again/);
    await waitFor('the socket to be closed', () => server.sockets.size === 0);
  });

  check('with notices between two questions is cut off, and why is said', async (t) => {
    const server = await fakeServer(t, (socket) => {
      socket.once('data', () => {
        socket.write(login);
        const notice = message('N', 'Mhello\0\0');
        socket.once('data', () => socket.write(answer, () => setTimeout(flooding, 50, socket, notice)));
      });
    });
    const { probe, ended } = open(t, server.port);
    await probe.ask();
    assert.match((await ended).message, /it goes on and on/);
    await waitFor('the socket to be closed', () => server.sockets.size === 0);
  });
});

/** SCRAM of RFC 5802 from the other side, as far as the probe checks it. With `proved` it is silent from the proof on. */
function scramServer(
  t: Closer,
  { rounds, salt, proved }: { rounds: number; salt: Buffer; proved?: () => void },
) {
  return fakeServer(t, (socket) => {
    const parts: string[] = [];
    socket.on('data', (bytes) => {
      const said = bytes.toString('latin1');
      if (parts.length === 0) {
        parts.push('');
        return void socket.write(message('R', 10, 'SCRAM-SHA-256\0\0'));
      }
      if (parts.length === 1) {
        const bare = said.slice(said.indexOf('n=,r='));
        parts.push(bare, `r=${bare.slice(5)}more,s=${salt.toString('base64')},i=${rounds}`);
        return void socket.write(message('R', 11, parts[2]!));
      }
      if (!said.startsWith('p')) return void socket.write(answer);
      if (proved !== undefined) return proved();
      const withoutProof = said.slice(said.indexOf('c='), said.indexOf(',p='));
      const salted = pbkdf2Sync('secret', salt, rounds, 32, 'sha256');
      const key = createHmac('sha256', salted).update('Server Key').digest();
      const signature = createHmac('sha256', key).update(`${parts[1]},${parts[2]},${withoutProof}`).digest(
        'base64',
      );
      socket.write(Buffer.concat([message('R', 12, `v=${signature}`), login]));
    });
  });
}

describe('servers that ask for all the rounds of SCRAM that they may', () => {
  const password = () => 'secret';

  check('keep no other one waiting: cheaper proofs go first', async (t) => {
    let costly = 0;
    const greedy = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        scramServer(t, {
          rounds: maxScramRounds,
          salt: Buffer.of(index),
          proved: () => costly += 1,
        })),
    );
    for (const { port } of greedy) open(t, port, { password }).probe.ask().catch(() => {});
    await waitFor(
      'all of them to have asked',
      () => greedy.every(({ received }) => received().includes('n=,r=')),
    );
    const cheap = await scramServer(t, { rounds: 4096, salt: Buffer.from('salt') });
    assert.equal((await open(t, cheap.port, { password }).probe.ask()).timeline, 2);
    assert.ok(costly < greedy.length / 2, `${costly} of ${greedy.length} were proved to first`);
  });

  check('are not proved to any more when nobody waits for it', async (t) => {
    let costly = 0;
    const greedy = await Promise.all(
      Array.from({ length: 4 }, (_, index) =>
        scramServer(t, {
          rounds: maxScramRounds,
          salt: Buffer.of(9, index),
          proved: () => costly += 1,
        })),
    );
    const probes = greedy.map(({ port }) => open(t, port, { password }).probe);
    for (const probe of probes) probe.ask().catch(() => {});
    await waitFor(
      'all of them to have asked',
      () => greedy.every(({ received }) => received().includes('n=,r=')),
    );
    for (const probe of probes) probe.close();
    const last = await scramServer(t, { rounds: maxScramRounds, salt: Buffer.from('last') });
    assert.equal((await open(t, last.port, { password }).probe.ask()).timeline, 2);
    assert.equal(costly, 0);
  });

  check('and know the password are proved to once: what it was made of is kept', () => {
    const saltings = new Saltings();
    const salt = { salt: Buffer.from('salt'), rounds: maxScramRounds };
    const done: Buffer[] = [];
    const salting = (password: string): Salting => ({
      password,
      salt,
      isWanted: () => true,
      done: (salted) => void done.push(salted),
    });
    saltings.keep('secret', salt, Buffer.from('salted'));
    saltings.add(salting('secret'));
    assert.deepEqual(done, [Buffer.from('salted')]);
    saltings.add({ ...salting('secret'), salt: { ...salt, rounds: 4096 }, isWanted: () => false });
    saltings.add({ ...salting('other'), isWanted: () => false });
    assert.equal(done.length, 1);
  });
});
