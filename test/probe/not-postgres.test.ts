/** What happens when the thing on the port is not PostgreSQL, or not a nice one. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { after, before, describe } from 'node:test';
import { maxMessageBytes } from '../../src/protocol/message-guard.ts';
import { maxScramRounds } from '../../src/protocol/scram-challenge.ts';
import type { ProbeError } from '../../src/probe/failure.ts';
import { waitFor } from '../bed/wait-for.ts';
import { check, fakeServer, int32, message, open } from './support.ts';

const authenticationOk = message('R', 0);
const readyForQuery = message('Z', 'I');
const salt = Buffer.from([1, 2, 3, 4]);

/** An ErrorResponse. */
function errorResponse(code: string, text: string): Buffer {
  return message('E', `SFATAL\0VFATAL\0C${code}\0M${text}\0\0`);
}

/** Says `bytes` as soon as it has heard something. */
const answering = (bytes: Buffer | string) => (socket: Socket) => {
  socket.once('data', () => socket.write(bytes));
};

describe('a program on the port that is not PostgreSQL', () => {
  const escaped: unknown[] = [];
  const note = (error: unknown) => escaped.push(error);
  const { error: print, log } = console;
  before(() => {
    process.on('unhandledRejection', note);
    console.error = console.log = (...line: unknown[]) => escaped.push(line);
  });
  after(() => {
    process.off('unhandledRejection', note);
    console.error = print;
    console.log = log;
  });

  const cases: readonly (readonly [string, Buffer | string, RegExp])[] = [
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n', /does not speak PostgreSQL.*HTTP/],
    ['a server of SSH', 'SSH-2.0-OpenSSH_9.2\r\n', /does not speak PostgreSQL/],
    ['a message of 2 GB', Buffer.concat([Buffer.from('R'), int32(0x7fffffff)]), /2147483647 bytes/],
    ['a message of 4 GB', Buffer.concat([Buffer.from('S'), int32(0xffffffff)]), /4294967295 bytes/],
    ['a message shorter than its own length', Buffer.concat([Buffer.from('R'), int32(0)]), /of 0 bytes/],
    ['zeros', Buffer.alloc(1000), /does not speak PostgreSQL/],
    ['an authentication without a type', message('R'), /too short/],
    ['an MD5 salt of the wrong length', message('R', 5, 'x'), /salt/],
    ['a SCRAM challenge of nonsense', message('R', 11, 'nonsense'), /SCRAM challenge/],
    [
      'one challenge after the other',
      Buffer.concat([message('R', 5, salt), message('R', 5, salt)]),
      /again and again/,
    ],
    ['readiness before the login', readyForQuery, /before it has let us in/],
    [
      'a row before the question',
      Buffer.concat([authenticationOk, message('D', '\0\0')]),
      /before it was asked/,
    ],
    [
      'a password asked for after the login',
      Buffer.concat([authenticationOk, readyForQuery, message('R', 3)]),
      /login after its end/,
    ],
    [
      'half a row',
      Buffer.concat([authenticationOk, readyForQuery, message('D', Buffer.from([0, 1])), readyForQuery]),
      /its DataRow is malformed/,
    ],
    [
      'readiness without an answer',
      Buffer.concat([authenticationOk, readyForQuery, readyForQuery, readyForQuery]),
      /0 rows, not 1/,
    ],
  ];

  for (const [name, bytes, expected] of cases) {
    for (const sslMode of ['disable', 'prefer'] as const) {
      check(`${name} is recognised, with PGSSLMODE=${sslMode}`, async (t) => {
        const server = await fakeServer(
          t,
          sslMode === 'disable' ? answering(bytes) : (socket) => {
            socket.once('data', () => {
              socket.once('data', () => socket.write(bytes));
              socket.write('N');
            });
          },
        );
        const { probe } = open(t, server.port, { sslMode, password: () => 'secret' });
        await assert.rejects(probe.ask(), { kind: /notPostgres|malformed/, message: expected });
        await waitFor('the socket to be closed', () => server.sockets.size === 0);
      });
    }
  }

  for (
    const banner of ['SSH-2.0-OpenSSH_9.2\r\n', 'S and more', 'HTTP/1.1 400 Bad Request\r\n\r\n', '\0']
  ) {
    check(
      `${JSON.stringify(banner)} instead of an answer to the request for TLS is recognised`,
      async (t) => {
        const server = await fakeServer(t, (socket) => socket.write(banner));
        const { probe } = open(t, server.port, { sslMode: 'prefer' });
        await assert.rejects(probe.ask(), { kind: 'notPostgres' });
        await waitFor('the socket to be closed', () => server.sockets.size === 0);
      },
    );
  }

  check('random bytes never escape, whatever they are', async (t) => {
    let seed = 1;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const types = 'RKSZ12tTDCnENA';
    const server = await fakeServer(t, (socket) => {
      socket.once('data', () => {
        for (let count = 0; count < 20; count += 1) {
          const body = Buffer.from(
            Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 4)),
          );
          socket.write(message(types[Math.floor(random() * types.length)] ?? 'R', body));
        }
        socket.end();
      });
    });
    for (let count = 0; count < 200; count += 1) {
      const { probe } = open(t, server.port, { password: () => 'secret' });
      const error = await probe.ask().then(() => undefined, (error: ProbeError) => error);
      assert.equal(error?.name, 'ProbeError');
      probe.close();
    }
  });

  check('an endless message is not collected', async (t) => {
    let sent = 0;
    const server = await fakeServer(t, (socket) => {
      const block = Buffer.alloc(16 * 1024, 'x');
      const more = () => {
        while (!socket.destroyed && socket.write(block)) sent += block.length;
      };
      socket.on('drain', more);
      socket.once('data', () => {
        socket.write(Buffer.concat([Buffer.from('S'), int32(maxMessageBytes + 1)]));
        more();
      });
    });
    await assert.rejects(open(t, server.port).probe.ask(), { kind: 'notPostgres' });
    await waitFor('the socket to be closed', () => server.sockets.size === 0);
    assert.ok(sent < 64 * 1024 * 1024);
  });

  for (const sslMode of ['disable', 'prefer', 'require'] as const) {
    check(`a server that hangs up at once is said to, with PGSSLMODE=${sslMode}`, async (t) => {
      const server = await fakeServer(t, (socket) => socket.end());
      const { probe } = open(t, server.port, { sslMode });
      await assert.rejects(probe.ask(), { kind: 'disconnected' });
      assert.equal(server.accepted(), 1);
    });
  }

  check('a server that resets the connection is said to', async (t) => {
    const server = await fakeServer(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
    await assert.rejects(open(t, server.port).probe.ask(), { kind: 'disconnected' });
    assert.equal(server.accepted(), 1);
  });

  check('a server that breaks off the TLS handshake does not take the probe with it', async (t) => {
    const server = await fakeServer(t, (socket) => {
      socket.once('data', () => {
        socket.once('data', () => socket.end('this is no TLS, this is no TLS'));
        socket.write('S');
      });
    });
    const { probe } = open(t, server.port, { sslMode: 'require' });
    await assert.rejects(
      probe.ask(),
      (error: ProbeError) => ['untrusted', 'disconnected'].includes(error.kind),
    );
    await waitFor('the socket to be closed', () => server.sockets.size === 0);
  });

  check('a server that starts up says so', async (t) => {
    const bytes = errorResponse('57P03', 'the database system is starting up');
    const server = await fakeServer(t, (socket) => socket.once('data', () => socket.end(bytes)));
    await assert.rejects(open(t, server.port).probe.ask(), { kind: 'starting', message: /is starting up/ });
  });

  check('a server without room for another session says so', async (t) => {
    const bytes = errorResponse('53300', 'sorry, too many clients already');
    const server = await fakeServer(t, (socket) => socket.once('data', () => socket.end(bytes)));
    await assert.rejects(open(t, server.port).probe.ask(), { kind: 'full', message: /max_connections/ });
  });

  check('what a server says cannot break out of its line', async (t) => {
    const server = await fakeServer(
      t,
      answering(errorResponse('XX000', `one\ntwo\x1b[31m${'x'.repeat(5000)}`)),
    );
    await assert.rejects(open(t, server.port).probe.ask(), (error: ProbeError) => {
      assert.doesNotMatch(error.message, /\p{Cc}/u);
      assert.ok(error.message.length < 500);
      return true;
    });
  });

  check(
    'an error in answer to the request for TLS is answered by trying without, if the mode allows it',
    async (t) => {
      const serve = (socket: Socket) => {
        socket.once('data', (first) => {
          if (first.length === 8) socket.end('Esorry\n\0');
          else socket.end(errorResponse('57P03', 'starting'));
        });
      };
      const server = await fakeServer(t, serve);
      await assert.rejects(open(t, server.port, { sslMode: 'prefer' }).probe.ask(), { kind: 'starting' });
      await assert.rejects(open(t, server.port, { sslMode: 'require' }).probe.ask(), {
        sign: { isTlsRefused: true },
      });
    },
  );

  check('no password goes to a server that asks in a way that a probe cannot', async (t) => {
    for (const wants of [message('R', 7), message('R', 10, 'SCRAM-SHA-512\0\0')]) {
      const server = await fakeServer(t, answering(wants));
      const { probe } = open(t, server.port, { password: () => 'secret' });
      await assert.rejects(probe.ask(), { kind: 'credentials', message: /pg_hba.conf/ });
      assert.doesNotMatch(server.received().toString('latin1'), /secret/);
    }
  });

  /** Offers SCRAM, challenges with what `challenge` makes of the client's nonce, and says `last` to the proof. */
  const scram = (challenge: (nonce: string) => string, last: Buffer) => (socket: Socket) => {
    let heard = 0;
    socket.on('data', (bytes) => {
      heard += 1;
      if (heard === 1) socket.write(message('R', 10, 'SCRAM-SHA-256\0\0'));
      else if (heard === 2) {
        const nonce = /r=([^,]+)$/.exec(bytes.toString('latin1'))![1]!;
        socket.write(message('R', 11, challenge(nonce)));
      } else socket.write(last);
    });
  };
  const letIn = Buffer.concat([authenticationOk, readyForQuery]);
  const affordable = (nonce: string) => `r=${nonce}more,s=AAAA,i=4096`;

  check('no password goes to a server that asks for a proof that takes hours', async (t) => {
    for (const rounds of [maxScramRounds + 1, 2147483647]) {
      const server = await fakeServer(t, scram((nonce) => `r=${nonce}x,s=AAAA,i=${rounds}`, letIn));
      const { probe } = open(t, server.port, { password: () => 'secret' });
      await assert.rejects(probe.ask(), { kind: 'credentials', message: /250000 rounds.*scram_iterations/ });
      assert.doesNotMatch(server.received().toString('latin1'), /p=/);
    }
  });

  const impostors: readonly (readonly [string, (nonce: string) => string, Buffer, RegExp])[] = [
    ['lets us in without its own', affordable, letIn, /does not prove that it knows the password/],
    [
      'has a wrong one of its own',
      affordable,
      Buffer.concat([message('R', 12, `v=${Buffer.alloc(32).toString('base64')}`), letIn]),
      /its proof of the password is wrong/,
    ],
    [
      'goes on with the challenge of another client',
      () => 'r=abc,s=AAAA,i=4096',
      letIn,
      /challenge is malformed/,
    ],
    ['adds nothing to our nonce', (nonce) => `r=${nonce},s=AAAA,i=4096`, letIn, /challenge is malformed/],
    ['begins again', affordable, message('R', 10, 'SCRAM-SHA-256\0\0'), /begins SCRAM again/],
  ];
  for (const [what, challenge, last, expected] of impostors) {
    check(`a server that asks for a proof of the password and ${what} is not trusted`, async (t) => {
      const server = await fakeServer(t, scram(challenge, last));
      const { probe } = open(t, server.port, { password: () => 'secret' });
      await assert.rejects(probe.ask(), { kind: 'notPostgres', message: expected });
    });
  }

  check('no password goes in clear text to a server of another machine that was not verified', async (t) => {
    const server = await fakeServer(t, answering(message('R', 3)));
    // An address that is not one of the loopback, and where a listener on the loopback answers all the same.
    const { probe } = open(t, server.port, { password: () => 'secret' }, '0.0.0.0');
    await assert.rejects(probe.ask(), {
      kind: 'credentials',
      message: /in clear text.*PGSSLMODE=verify-full/,
    });
    assert.doesNotMatch(server.received().toString('latin1'), /secret/);
    open(t, server.port, { password: () => 'secret' }).probe.ask().catch(() => {});
    await waitFor(
      'the password, on this machine',
      () => server.received().toString('latin1').includes('secret'),
    );
  });

  check('a password by MD5 is not sent in clear text', async (t) => {
    const server = await fakeServer(t, answering(message('R', 5, salt)));
    const { probe } = open(t, server.port, { password: () => 'secret' });
    probe.ask().catch(() => {});
    await waitFor('the answer', () => /md5[0-9a-f]{32}/.test(server.received().toString('latin1')));
    assert.doesNotMatch(server.received().toString('latin1'), /secret/);
  });

  check('a password for MD5 is not prepared, as PostgreSQL keeps it unprepared', async (t) => {
    const server = await fakeServer(t, answering(message('R', 5, salt)));
    const { probe } = open(t, server.port, { password: () => 'pass\u00a0word' });
    probe.ask().catch(() => {});
    const md5 = (...parts: (string | Buffer)[]) => {
      const hash = createHash('md5');
      for (const part of parts) hash.update(part);
      return hash.digest('hex');
    };
    const expected = `md5${md5(md5('pass\u00a0word', 'postgres'), salt)}`;
    await waitFor('the answer', () => server.received().toString('latin1').includes(expected));
  });

  check('closing while the server is silent frees the socket in every phase', async (t) => {
    const phases = [
      () => {},
      answering('N'),
      answering('S'),
      answering(Buffer.concat([Buffer.from('N'), Buffer.alloc(0)])),
    ];
    for (const serve of phases) {
      const server = await fakeServer(t, serve);
      const { probe } = open(t, server.port, { sslMode: 'prefer' });
      probe.ask().catch(() => {});
      await waitFor('the first bytes', () => server.received().length > 0);
      probe.close();
      await waitFor('the socket to be closed', () => server.sockets.size === 0);
      assert.equal(server.accepted(), 1);
    }
  });

  check('nothing of all that was printed or escaped as an unhandled rejection', () => {
    assert.deepEqual(escaped, []);
  });
});

describe('a server that has answered well once', () => {
  const row = ['t', 't', '7', '2', '0/10', '0/10', '17', null, null];
  const columns = (values: readonly (string | null)[]): Buffer =>
    Buffer.concat([
      Buffer.from([0, values.length]),
      ...values.map((value) =>
        value === null
          ? int32(0xffffffff)
          : Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)])
      ),
    ]);
  const described = message(
    'T',
    Buffer.concat([
      Buffer.from([0, row.length]),
      ...row.map((_, index) => Buffer.concat([Buffer.from(`${index}\0`), Buffer.alloc(18)])),
    ]),
  );
  const good: readonly (string | null)[] = ['f', 'f', ...row.slice(2)];
  const answer = message('D', columns(good));

  /** Logs in, answers the first question, and says `again` to each one after it. */
  const serve = (again: Buffer) => (socket: Socket) => {
    let heard = 0;
    socket.on('data', () => {
      heard += 1;
      if (heard === 1) socket.write(Buffer.concat([authenticationOk, readyForQuery]));
      else if (heard === 2) {
        socket.write(Buffer.concat([described, answer, message('C', 'SELECT 1\0'), readyForQuery]));
      } else socket.write(again);
    });
  };

  check('is asked again in messages that name the statement, and sends it only once', async (t) => {
    const again = Buffer.concat([
      message('1'),
      message('2'),
      answer,
      message('C', 'SELECT 1\0'),
      readyForQuery,
    ]);
    const server = await fakeServer(t, serve(again));
    const { probe } = open(t, server.port);
    const first = await probe.ask();
    assert.deepEqual([first.inRecovery, first.timeline, first.lsn, first.upstream], [
      false,
      2,
      16n,
      undefined,
    ]);
    for (let count = 0; count < 3; count += 1) assert.deepEqual(await probe.ask(), first);
    const sent = server.received().toString('latin1');
    assert.equal(sent.split('pg_is_in_recovery() as in_recovery').length - 1, 1);
    assert.equal(sent.split(/\0pg_gateway_[0-9a-f]+\0/).length - 1, 4, 'bound four times');
  });

  check('and has lost the statement, as in another session of a pool, is sent it anew', async (t) => {
    const forgotten = message('E', 'SERROR\0C26000\0Mprepared statement "x" does not exist\0\0');
    let heard = 0;
    const server = await fakeServer(t, (socket) => {
      socket.on('data', (bytes) => {
        heard += 1;
        if (heard === 1) return void socket.write(Buffer.concat([authenticationOk, readyForQuery]));
        const isParsed = bytes.includes('pg_is_in_recovery() as in_recovery');
        const said = isParsed ? [described, answer, message('C', 'SELECT 1\0')] : [forgotten];
        socket.write(Buffer.concat([...said, readyForQuery]));
      });
    });
    const { probe, calls } = open(t, server.port);
    const first = await probe.ask();
    for (let count = 0; count < 3; count += 1) assert.deepEqual(await probe.ask(), first);
    assert.deepEqual(calls, ['ready'], 'one session');
  });

  check('and has not even the statement that it was just sent is given up', async (t) => {
    const forgotten = message('E', 'SERROR\0C26000\0Mprepared statement "x" does not exist\0\0');
    const server = await fakeServer(t, serve(Buffer.concat([forgotten, readyForQuery])));
    const { probe } = open(t, server.port);
    await probe.ask();
    await assert.rejects(probe.ask(), /does not exist/);
    await waitFor('the socket to be closed', () => server.sockets.size === 0);
  });

  const cases: readonly (readonly [string, Buffer, RegExp])[] = [
    ['no row', readyForQuery, /0 rows, not 1/],
    ['two rows', Buffer.concat([answer, answer, readyForQuery]), /several rows/],
    [
      'a row without columns',
      Buffer.concat([message('D', Buffer.from([0, 0])), readyForQuery]),
      /0 columns, not 9/,
    ],
    [
      'half a row',
      Buffer.concat([message('D', Buffer.from([0, 9, 0])), readyForQuery]),
      /DataRow is malformed/,
    ],
    ['a row of nothing', Buffer.concat([message('D'), readyForQuery]), /DataRow is malformed/],
    [
      'a column of 2 GB',
      Buffer.concat([message('D', Buffer.from([0, 1]), int32(0x7fffffff)), readyForQuery]),
      /DataRow is malformed/,
    ],
    [
      'a column of less than nothing',
      Buffer.concat([message('D', Buffer.from([0, 1]), int32(0xfffffff0)), readyForQuery]),
      /malformed/,
    ],
    [
      'maybe',
      Buffer.concat([message('D', columns(['x', ...good.slice(1)])), readyForQuery]),
      /its in_recovery is "x", not t or f/,
    ],
    [
      'a position that is none',
      Buffer.concat([message('D', columns([...good.slice(0, 4), 'x', ...good.slice(5)])), readyForQuery]),
      /its lsn is "x"/,
    ],
    ['noise', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not speak PostgreSQL/],
  ];
  for (const [name, again, expected] of cases) {
    check(`and then with ${name} is recognised`, async (t) => {
      const server = await fakeServer(t, serve(again));
      const { probe } = open(t, server.port);
      await probe.ask();
      await assert.rejects(probe.ask(), { kind: /notPostgres|malformed/, message: expected });
      await waitFor('the socket to be closed', () => server.sockets.size === 0);
    });
  }

  check('and then with garbage, or with garbage at once, never makes anything but a failure', async (t) => {
    let seed = 7;
    const below = (most: number) => (seed = (seed * 48271) % 2147483647) % most;
    const garbage = () =>
      ['', 'NaN', '1e999', '1.5', '-', '\xff\xfe', '0/', '😀', '\0', 'x'.repeat(5000), null][below(11)]!;
    let now = false;
    const server = await fakeServer(t, (socket) => {
      let heard = 0;
      socket.on('data', () => {
        heard += 1;
        if (heard === 1) return void socket.write(Buffer.concat([authenticationOk, readyForQuery]));
        const isBad = now || heard > 2;
        const row = good.with(below(7), garbage()).slice(0, below(4) === 0 ? below(9) : 9);
        const said = isBad ? message('D', columns(row)) : answer;
        socket.write(Buffer.concat([described, said, message('C', 'SELECT 1\0'), readyForQuery]));
      });
    });
    for (let round = 0; round < 100; round += 1) {
      now = round % 2 === 0;
      const { probe } = open(t, server.port);
      if (!now) await probe.ask();
      const error = await probe.ask().then(() => undefined, (error: ProbeError) => error);
      assert.equal(error?.name, 'ProbeError');
      assert.match(error!.message, /^[^\p{Cc}]{1,400}$/u);
      probe.close();
    }
  });

  check('and then with an error is quoted', async (t) => {
    const server = await fakeServer(
      t,
      serve(Buffer.concat([errorResponse('42501', 'not for you'), readyForQuery])),
    );
    const { probe } = open(t, server.port);
    await probe.ask();
    await assert.rejects(probe.ask(), { sign: { sqlstate: '42501' }, message: /not for you/ });
    await waitFor('the socket to be closed', () => server.sockets.size === 0);
  });
});
