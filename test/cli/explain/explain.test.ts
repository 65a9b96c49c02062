import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serveMetricsPort } from '../../../src/admin/metrics-port.ts';
import { pagesOf } from '../../../src/admin/pages.ts';
import type { Snapshot } from '../../../src/admin/snapshot.ts';
import { failing, primary, unasked } from '../../cluster/scene.ts';
import { question } from '../../admin/question.ts';
import { snapshotOf } from '../../admin/snapshot.ts';
import { freePort } from '../../bed/ports.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

/** What the command prints and ends with, as a process; settings in this environment must not decide these tests. */
function explain(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return explainWith({}, ...args);
}

async function explainWith(
  settings: Record<string, string>,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:METRICS_|CANDIDATES$|CONFIG_FILE$)/.test(name)),
  );
  const child = spawn(process.execPath, [main, 'explain', ...args], {
    // No gateway of this machine either.
    env: { ...env, CONTROL_SOCKET: 'off', ...settings },
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
    assert.equal(out, pagesOf(() => good)['/status']?.(question('/status'), '').body);
  });

  test('sends the token that the gateway wants, out of the environment or a file, and says where it lacks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'explain-'));
    const file = join(folder, 'token');
    writeFileSync(file, 'hunter2\n');
    const server = await serveMetricsPort('127.0.0.1', 0, pagesOf(() => good), () => 'hunter2');
    const to = url(String(server.port));
    try {
      const [none, wrong, right, byFile, byFlag] = await Promise.all([
        explain(...to),
        explainWith({ METRICS_TOKEN: 'hunter3' }, ...to),
        explainWith({ METRICS_TOKEN: 'hunter2' }, ...to),
        explainWith({ METRICS_TOKEN_FILE: file }, ...to),
        explain(...to, '--metrics-token-file', file),
      ]);
      assert.deepEqual([right, byFile, byFlag].map(({ code, err }) => [code, err]), Array(3).fill([0, '']));
      assert.deepEqual([none.code, wrong.code], [1, 1]);
      assert.match(none.err, /wants a token: set METRICS_TOKEN or METRICS_TOKEN_FILE/);
      assert.match(wrong.err, /wants another token: METRICS_TOKEN or METRICS_TOKEN_FILE must be/);
      assert.doesNotMatch(none.err + wrong.err, /hunter/);
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
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
