import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { type HttpServer, page } from '../../src/admin/http.ts';
import { type Pages, serveMetricsPort } from '../../src/admin/metrics-port.ts';
import { StartError } from '../../src/errors.ts';
import { until } from '../bed/wait-for.ts';

let shown = 0;
const pages: Pages = {
  '/live': () => page('alive\n'),
  '/count': () => page(`${++shown}\n`, 503, 'text/plain; version=0.0.4'),
  '/é': () => page('ünïcode\n'),
  '/huge': () => page('x'.repeat(50_000_000)),
  '/candidates/NAME/health': ({ query }, name) => page(`${name} ${query.get('lag')}\n`),
};

interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly length: string | undefined;
  readonly allow: string | undefined;
  readonly challenge: string | undefined;
  readonly body: string;
}

function ask(
  port: number,
  path: string,
  method = 'GET',
  body = '',
  authorization?: string,
): Promise<Answer> {
  const headers = authorization === undefined ? {} : { authorization };
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { 'content-type': type, 'content-length': length, allow } = response.headers;
        const challenge = response.headers['www-authenticate'];
        const body = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode, type, length, allow, challenge, body });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

async function withServer<T>(
  token: (() => string) | undefined,
  run: (server: HttpServer) => Promise<T>,
): Promise<T> {
  const server = await serveMetricsPort('127.0.0.1', 0, pages, token);
  try {
    return await run(server);
  } finally {
    server.close();
  }
}

/** A test with a server of its own. */
function check(name: string, run: (server: HttpServer) => Promise<void>, skip: string | false = false): void {
  test(name, { timeout: 60_000, skip }, () => withServer(undefined, run));
}

/** Connections that the other side still has. */
function connectionsTo(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const mine = new RegExp(`^ *\\d+: 0100007F:${hex} \\S+ 01 `);
  return readFileSync('/proc/net/tcp', 'utf8').split('\n').filter((line) => mine.test(line)).length;
}

interface Visitor {
  readonly socket: Socket;
  heard: string;
  isClosed: boolean;
}

async function visit(port: number, words = ''): Promise<Visitor> {
  const socket = connect(port, '127.0.0.1');
  const visitor: Visitor = { socket, heard: '', isClosed: false };
  socket.on('data', (bytes) => visitor.heard += bytes);
  socket.on('error', () => {});
  socket.on('close', () => visitor.isClosed = true);
  await once(socket, 'connect');
  socket.write(words);
  return visitor;
}

test('a fault of a page is told to who asks, and the next one is answered', async () => {
  const fault = () => {
    throw new Error('a fault');
  };
  const told: string[] = [];
  const faulted = (where: string, error: unknown) => void told.push(`${where}: ${error}`);
  const all = {
    ...pages,
    '/fault': fault,
    '/header': () => ({ ...page(''), headers: { 'no header': '\n' } }),
  };
  const server = await serveMetricsPort('127.0.0.1', 0, all, undefined, 0, faulted);
  try {
    const { status, body } = await ask(server.port, '/fault');
    assert.deepEqual([status, body], [500, 'unexpected: a fault\n']);
    assert.deepEqual(told, ['page: Error: a fault']);
    // What comes after the page can fail, too: nobody waits for it, and its rejection would end the program.
    await assert.rejects(ask(server.port, '/header'));
    assert.equal(told.length, 2);
    assert.equal((await ask(server.port, '/live')).status, 200);
  } finally {
    server.close();
  }
});

describe('the metrics port', () => {
  check('shows a page with its status and its type', async ({ port }) => {
    const before = shown;
    const answer = await ask(port, '/count');
    assert.deepEqual(answer, {
      status: 503,
      type: 'text/plain; version=0.0.4',
      length: '2',
      allow: undefined,
      challenge: undefined,
      body: `${before + 1}\n`,
    });
  });

  check('makes a page anew at each request, and does not mind a query', async ({ port }) => {
    const before = shown;
    await ask(port, '/count?a=1');
    assert.equal((await ask(port, '/count?')).body, `${before + 2}\n`);
  });

  check('tells the length in bytes', async ({ port }) => {
    const live = await ask(port, '/live');
    assert.equal(live.length, '6');
    assert.equal(live.body, 'alive\n');
  });

  check('answers HEAD without a body, and with its length', async ({ port }) => {
    const answer = await ask(port, '/live', 'HEAD');
    assert.deepEqual([answer.status, answer.length, answer.body], [200, '6', '']);
  });

  check('says which paths there are to a client that asks for another', async ({ port }) => {
    const answer = await ask(port, '/nope');
    assert.equal(answer.status, 404);
    assert.equal(
      answer.body,
      'There is no /nope here; there is /live, /count, /é, /huge, /candidates/NAME/health.\n',
    );
  });

  for (
    const path of [
      '/constructor',
      '/__proto__',
      '/toString',
      '/',
      '//live',
      '/live/',
      '/LIVE',
      '/../live',
      '/candidates/a',
      '/candidates/a/',
      '/candidates//health',
      '/candidates/a/nope',
      '/candidates/%/health',
      '/candidates/a/b/health',
    ]
  ) {
    check(`has no page ${path}`, async ({ port }) => assert.equal((await ask(port, path)).status, 404));
  }

  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    check(`refuses ${method}, and says what it takes`, async ({ port }) => {
      const answer = await ask(port, '/live', method, method === 'POST' ? 'body' : '');
      assert.equal(answer.status, 405);
      assert.equal(answer.allow, 'GET, HEAD, OPTIONS');
      assert.match(answer.body, /only reads/);
    });
  }

  check('answers OPTIONS with the status of the page alone, as load balancers ask', async ({ port }) => {
    const [live, count] = [await ask(port, '/live', 'OPTIONS'), await ask(port, '/count', 'OPTIONS')];
    assert.deepEqual([live.status, live.length, live.body, live.allow], [200, '0', '', 'GET, HEAD, OPTIONS']);
    assert.equal(count.status, 503);
  });

  for (
    const [typed, name] of [
      ['db1:5432', 'db1:5432'],
      ['db1%3A5432', 'db1:5432'],
      ['db[10.0.0.1]:5432', 'db[10.0.0.1]:5432'],
      ['%5Bfd00%3A%3A1%5D:5432', '[fd00::1]:5432'],
      ['a%2Fb%3F', 'a/b?'],
    ] as const
  ) {
    check(`takes ${typed} for the name of a candidate`, async ({ port }) => {
      const { status, body } = await ask(port, `/candidates/${typed}/health?lag=1MB`);
      assert.deepEqual([status, body], [200, `${name} 1MB\n`]);
    });
  }

  check('outlives a client that does not speak HTTP', async ({ port }) => {
    assert.match((await told(port, '\x00\x00\x00\x08\x04\xd2\x16\x2f')).heard, /^HTTP\/1\.1 400 /);
    assert.equal((await ask(port, '/live')).status, 200);
  });
});

/** Says `words` and waits for the end. */
async function told(port: number, words: string): Promise<Visitor> {
  const visitor = await visit(port, words);
  await until(() => visitor.isClosed, 'the end');
  return visitor;
}

describe('the limits of the metrics port', () => {
  check('drop connections beyond a number, and take new ones when others have left', async ({ port }) => {
    const visitors: Visitor[] = [];
    try {
      for (let count = 0; count < 200; count += 1) visitors.push(await visit(port));
      const open = () => visitors.filter(({ isClosed }) => !isClosed).length;
      await until(() => open() < 101, () => `fewer than 101 of 200 to stay; open: ${open()}`);
      assert.ok(open() >= 10, `only ${open()} may stay`);
    } finally {
      for (const { socket } of visitors) socket.destroy();
    }
    await until(() => visitors.every(({ isClosed }) => isClosed), 'all to leave');
    let status: number | undefined;
    await until(() => {
      if (status !== 200) void ask(port, '/live').then((answer) => status = answer.status, () => {});
      return status === 200;
    }, 'a free connection');
  });

  check('let in a client that asks, however many say nothing and come again', async ({ port }) => {
    let isOver = false;
    const silent = new Set<Socket>();
    const come = (): void => {
      if (isOver) return;
      const socket = connect(port, '127.0.0.1').resume();
      silent.add(socket);
      socket.on('error', () => {}).on('close', () => {
        silent.delete(socket);
        setTimeout(come, 100);
      });
    };
    try {
      for (let count = 0; count < 110; count += 1) come();
      await until(() => silent.size < 110, 'all places to be taken');
      // A hundred that come at once may push out one that has not asked yet.
      let answered = 0;
      for (let count = 0; count < 20; count += 1) {
        await ask(port, '/live').then(() => answered += 1, () => {});
      }
      assert.ok(answered >= 10, `${answered} of 20 were answered`);
    } finally {
      isOver = true;
      for (const socket of silent) socket.destroy();
    }
  });

  for (const words of ['', 'GET /live HTTP/1.1\r\nhost: x\r\nx-slow: ']) {
    check(
      `send away a client that says ${words === '' ? 'nothing' : 'half a request'} and waits`,
      async ({ port }) => {
        const visitor = await visit(port, words);
        await until(() => visitor.isClosed, 'the end', 20_000);
        assert.match(visitor.heard, /^HTTP\/1\.1 408 /);
      },
    );
  }

  check('answer one question of a connection, and drop a client that goes on asking', async ({ port }) => {
    const before = shown;
    const { heard } = await told(port, 'GET /count HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(1000));
    assert.ok(shown <= before + 1, `${shown - before} pages were made`);
    assert.doesNotMatch(heard, /HTTP[^]*HTTP/);
    assert.match((await told(port, 'GET /live HTTP/1.1\r\nhost: x\r\n\r\n')).heard, /^connection: close$/im);
  });

  check('end a connection whose answer is not read', async (server) => {
    const visitor = connect(server.port, '127.0.0.1').pause();
    visitor.on('error', () => {});
    visitor.write('GET /huge HTTP/1.1\r\nhost: x\r\n\r\n');
    const isThere = () => connectionsTo(server.port) > 0;
    await until(isThere, 'the connection');
    await until(() => !isThere(), 'its end', 20_000);
    visitor.destroy();
  }, process.platform === 'linux' ? false : 'connections are counted in /proc, which is of Linux');

  check(
    'closing ends every connection, in the middle of a request too, and frees the port',
    async (server) => {
      const half = await visit(server.port, 'GET /live HTTP/1.1\r\nhost:');
      const idle = await visit(server.port, 'GET /live HTTP/1.1\r\nhost: x\r\n\r\n');
      await until(() => idle.heard.includes('alive'), 'an answer');
      server.close();
      await until(() => idle.isClosed && half.isClosed, 'the end');
      assert.equal(half.heard, '', 'it was its slowness that ended it');
      await assert.rejects(ask(server.port, '/live'), /ECONNREFUSED/);
    },
  );
});

describe('a metrics port with a token', () => {
  let token = 'open sesame'.replace(' ', '-');
  const guarded = (path: string, authorization?: string) =>
    withServer(() => token, ({ port }) => ask(port, path, 'GET', '', authorization));
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

  test('shows nothing to those who have none, but for /live and /ready, and says how to send it', async () => {
    const answer = await guarded('/count');
    assert.equal(answer.status, 401);
    assert.equal(answer.challenge, 'Bearer realm="pg_gateway", Basic realm="pg_gateway"');
    assert.match(answer.body, /METRICS_TOKEN.*Authorization: Bearer/);
    assert.equal((await guarded('/nope')).status, 401);
    assert.equal((await guarded('/candidates/a/health')).status, 401);
    assert.equal((await guarded('/live')).status, 200);
    assert.equal((await guarded('/ready')).status, 404);
  });

  for (
    const words of [
      'Bearer open-sesame',
      'bearer  open-sesame ',
      basic('anna:open-sesame'),
      basic(':open-sesame'),
    ]
  ) {
    test(`takes ${words}`, async () => assert.equal((await guarded('/count', words)).status, 503));
  }

  const wrong = [
    '',
    'Bearer',
    'Bearer open-sesam',
    'Bearer open-sesame2',
    'Bearer OPEN-SESAME',
    'open-sesame',
  ];
  for (
    const words of [
      ...wrong,
      'Digest open-sesame',
      basic('open-sesame:'),
      basic('anna:no'),
      'Basic ',
      'Bearer ÿ',
    ]
  ) {
    test(`does not take ${words || 'an empty header'}`, async () => {
      assert.equal((await guarded('/count', words)).status, 401);
    });
  }

  test('asks for the one that holds at that moment', async () => {
    token = 'another';
    assert.equal((await guarded('/count', 'Bearer another')).status, 503);
    assert.equal((await guarded('/count', 'Bearer open-sesame')).status, 401);
  });
});

describe('a metrics port that cannot be had', () => {
  test('in use: the message says which, and what to do', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const message = new RegExp(
        `127\\.0\\.0\\.1:${port}: something listens there already.*METRICS_PORT.*"off"`,
      );
      await assert.rejects(serveMetricsPort('127.0.0.1', port, pages), (error) => {
        assert.ok(error instanceof StartError);
        assert.match(error.message, message);
        return true;
      });
    } finally {
      other.close();
    }
  });

  test('an address of another machine: the message names the settings', async () => {
    await assert.rejects(serveMetricsPort('192.0.2.1', 6433, pages), {
      name: 'StartError',
      message: /^cannot serve metrics on 192\.0\.2\.1:6433: .*Check METRICS_HOST and METRICS_PORT\.$/,
    });
  });

  test('IPv6 stands in brackets', async () => {
    await assert.rejects(serveMetricsPort('2001:db8::1', 6433, pages), {
      message: /on \[2001:db8::1\]:6433: /,
    });
  });
});
