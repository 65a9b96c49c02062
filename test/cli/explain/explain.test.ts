import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serveMetricsPort } from '../../../src/admin/metrics-port.ts';
import { pagesOf } from '../../../src/admin/pages.ts';
import type { Snapshot } from '../../../src/admin/snapshot.ts';
import { failing, primary, unasked } from '../../cluster/scene.ts';
import { snapshotOf } from '../../admin/snapshot.ts';
import { freePort } from '../../bed/ports.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

/** What the command prints and ends with, as a process; settings in this environment must not decide these tests. */
async function explain(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { METRICS_HOST: _h, METRICS_PORT: _p, CANDIDATES: _c, CONFIG_FILE: _f, ...env } = process.env;
  const child = spawn(process.execPath, [main, 'explain', ...args], {
    // No gateway of this machine either.
    env: { ...env, CONTROL_SOCKET: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => out += chunk);
  child.stderr.on('data', (chunk) => err += chunk);
  const [code] = await once(child, 'close');
  return { code, out, err };
}

/** The command against the real pages of a gateway that knows this. */
async function explainTo(snapshot: Snapshot, args: (port: string) => string[]) {
  const server = await serveMetricsPort('127.0.0.1', 0, pagesOf(() => snapshot));
  try {
    return await explain(...args(String(server.port)));
  } finally {
    server.close();
  }
}

/** The command against something that is no gateway. */
async function explainToStranger(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await explain('--url', `http://127.0.0.1:${(server.address() as { port: number }).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const good = snapshotOf([primary('a')]);
const url = (port: string): string[] => ['--url', `http://127.0.0.1:${port}`];

describe('pg_gateway explain', () => {
  test('ends with 0 where there is a primary, and says who', async () => {
    const { code, out, err } = await explainTo(good, url);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^Primary: a at 192\.0\.2\.1:5432/m);
  });

  test('ends with 1 where there is none, and says so', async () => {
    const { code, out, err } = await explainTo(snapshotOf([failing(unasked('a'))]), url);
    assert.deepEqual([code, err], [1, '']);
    assert.match(out, /^No primary/m);
  });

  test('finds the gateway by its settings, and needs no others', async () => {
    const ways: ((port: string) => string[])[] = [
      (port) => ['--metrics-port', port],
      (port) => ['--metrics-port', port, '--metrics-host', '0.0.0.0'],
    ];
    for (const way of ways) assert.equal((await explainTo(good, way)).code, 0);
  });

  test('prints /status as it is with --json', async () => {
    const { code, out } = await explainTo(good, (port) => [...url(port), '--json']);
    assert.equal(code, 0);
    assert.equal(out, pagesOf(() => good)['/status']?.().body);
  });

  test('says what to look at where nobody answers', async () => {
    const { code, out, err } = await explain(...url(String(await freePort())));
    assert.deepEqual([code, out], [1, '']);
    assert.match(
      err,
      /no gateway explains itself at .*: ECONNREFUSED\. Check that it runs, .*METRICS_PORT.*--url/,
    );
  });

  const strangers: readonly [string, RegExp, RequestListener][] = [
    ['has no such page', /it says 404/, (_, response) => response.writeHead(404).end()],
    [
      'hangs up',
      /closed without an answer, so it is another program|socket hang up/,
      (request) => request.socket.destroy(),
    ],
    ['says nothing', /no answer within 3 s/, () => {}],
    ['speaks no JSON', /is not a pg_gateway/, (_, response) => response.end('hello')],
    ['speaks of something else', /is not a pg_gateway/, (_, response) => response.end('{"route":"66"}')],
    // On a busy machine the limit of time comes before that of bytes.
    ['never ends', /the answer has no end|no answer within 3 s/, (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    }],
  ];
  for (const [what, why, listener] of strangers) {
    test(`ends with 1 where what answers ${what}`, { timeout: 30_000 }, async () => {
      const { code, out, err } = await explainToStranger(listener);
      assert.deepEqual([code, out], [1, '']);
      assert.match(err, why);
    });
  }

  test('says so where what answers speaks no HTTP', async () => {
    // What PostgreSQL's refusal of a GET looks like, and the gateway's own at the port for clients.
    const stranger = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.end('E\0\0\0\x10SFATAL\0M...\0\0');
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    try {
      const { code, err } = await explain(...url(String((stranger.address() as { port: number }).port)));
      assert.equal(code, 1);
      assert.match(err, /does not speak HTTP|closed without an answer/);
      assert.match(err, /another program/);
    } finally {
      stranger.close();
    }
  });

  const misuses: readonly [string[], RegExp][] = [
    [['--url', 'db1'], /--url db1 is not of the form http:\/\/host:port/],
    [['--url', 'https://db1:1'], /is not of the form/],
    [['--url'], /is not of the form/],
    [['--metrics-port', 'off'], /METRICS_PORT names no port/],
    [['--metrics-port', '0'], /METRICS_PORT names no port/],
    [['--metrics-port', 'x'], /--metrics-port x is neither/],
    [['--jsn'], /--jsn is no flag/],
    [
      ['--hold-ms', '5'],
      /--hold-ms changes nothing here; this command takes --metrics-host, --metrics-port, /,
    ],
    [['here'], /"here" is one argument too many/],
  ];
  for (const [args, why] of misuses) {
    test(`ends with 2 when called as ${args.join(' ')}`, async () => {
      const { code, out, err } = await explain(...args);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, why);
    });
  }
});
