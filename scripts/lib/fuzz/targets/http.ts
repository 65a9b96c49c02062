/** The control socket and the metrics port: any bytes over a real socket, and the commands with any arguments. */
import { rmSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, type Commands, commandsOf, MisusedCommand } from '../../../../src/admin/commands.ts';
import { type ControlSocket, serveControlSocket } from '../../../../src/admin/control-socket.ts';
import type { HttpServer } from '../../../../src/admin/http.ts';
import { serveMetricsPort } from '../../../../src/admin/metrics-port.ts';
import { pagesOf } from '../../../../src/admin/pages.ts';
import { idleOperations } from '../../../../test/admin/operations.ts';
import { nearly } from '../json.ts';
import { oneOf } from '../mutate.ts';
import { bytesOfText, must, type Target, textOf } from '../target.ts';

const commands: Commands = commandsOf(idleOperations);
const names = Object.keys(commands);

const examples: readonly unknown[] = [
  {},
  { yes: true },
  { timeoutMs: 5_000 },
  { level: 'debug' },
  { kind: 'fence' },
  { kind: 'no-primary', ms: 5_000 },
  { client: '192.0.2.1:40000' },
  { address: '[::1]' },
  { server: 'a', yes: true },
  { socket: '/run/x.sock' },
];
const args = examples.map((value) => JSON.stringify(value));
const argWords = [
  '{',
  '}',
  '"level":',
  '"kind":',
  '"ms":',
  'null',
  '1e999',
  '[[[[',
  '{"toString":1}',
  '"__proto__":{}',
  ',',
  '"yes":true',
  '\\u0000',
  '"',
];

/** The first byte says which command. */
export const command: Target = {
  name: 'command',
  files: ['src/admin/commands.ts', 'src/admin/selection.ts'],
  seeds: names.flatMap((_, index) =>
    args.map((text) => Uint8Array.of(index, ...new TextEncoder().encode(text)))
  ),
  words: argWords,
  share: 2,
  made: (random) =>
    Uint8Array.of(
      Math.floor(random() * names.length),
      ...new TextEncoder().encode(JSON.stringify(nearly(oneOf(random, examples), random))),
    ),
  async check([which = 0, ...rest]) {
    let given: unknown;
    try {
      given = JSON.parse(textOf(Uint8Array.from(rest)));
    } catch {
      return;
    }
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return;
    try {
      await commands[names[which % names.length]!]!.run(given as Record<string, unknown>, 'uid 0');
    } catch (error) {
      must(
        error instanceof CommandError || error instanceof MisusedCommand,
        `a command is refused with a reason: ${String(error)}`,
      );
      must(error.message !== '', 'a reason is told');
    }
  },
};

const answerMs = 10_000;

/** All that comes until the other side closes. */
function say(where: NetConnectOpts, pieces: readonly Uint8Array[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(where, () => {
      for (const piece of pieces) socket.write(piece);
      socket.end();
    });
    const deadline = setTimeout(() => socket.destroy(new Error('it does not close')), answerMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('error', (error) => {
      // Whoever says too much is reset.
      if (['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
      reject(error);
    });
    socket.once('close', () => {
      clearTimeout(deadline);
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
  });
}

function checkAnswer(answer: string): void {
  must(
    answer === '' || /^HTTP\/1\.1 [1-5][0-9][0-9] /.test(answer),
    `it answers in HTTP: ${answer.slice(0, 100)}`,
  );
  const status = Number(answer.slice(9, 12));
  must(status !== 500, `it has no fault of its own: ${answer}`);
}

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const httpWords = [
  ...[
    'GET ',
    'POST ',
    'OPTIONS ',
    'CONNECT x:1 ',
    'HTTP/1.1\r\n',
    '\r\n',
    '\r\n\r\n',
    'Content-Length: 5\r\n',
    'Content-Length: 70000\r\n',
    'Transfer-Encoding: chunked\r\n',
  ],
  ...[
    'Expect: 100-continue\r\n',
    'Upgrade: websocket\r\nConnection: upgrade\r\n',
    'Authorization: Basic eDp5\r\n',
    'Accept: application/openmetrics-text;version=1.0.0;q=0.5\r\n',
  ],
  ...[
    '/candidates/',
    '%',
    '%00',
    '%e2%80%a8',
    '?lag=16MB',
    '?',
    '&',
    '..',
    '__proto__',
    'constructor',
    '\0',
    '\u{1f418}',
    '5\r\n{"a":\r\n0\r\n\r\n',
  ],
];

let control: Promise<ControlSocket> | undefined;
const path = join(tmpdir(), `fuzz-${process.pid}.sock`);

export const controlSocket: Target = {
  name: 'control-socket',
  files: ['src/admin/control-socket.ts', 'src/admin/http.ts'],
  seeds: bytesOfText(
    ...args.map((body, index) => post(`/${names[index % names.length]}`, body)),
    post('/log-level', `{"level":${'['.repeat(20_000)}${']'.repeat(20_000)}}`),
    post('/status', '[]'),
    'GET /status HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST /status HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  ),
  words: [...httpWords, ...argWords, ...names],
  share: 0.05,
  mostBytes: 100_000,
  isNodeOnly: true,
  async check(_, pieces) {
    await (control ??= serveControlSocket(path, commands, () => {}));
    checkAnswer(await say({ path }, pieces));
    must(
      (await say({ path }, bytesOfText(post('/status', '')))).includes('"candidates"'),
      'it serves the next one',
    );
  },
  async close() {
    (await control)?.close();
    control = undefined;
    rmSync(path, { force: true });
  },
};

let metrics: Promise<HttpServer> | undefined;
let token: string | undefined;

export const metricsPort: Target = {
  name: 'metrics-port',
  files: [
    'src/admin/metrics-port.ts',
    'src/admin/http.ts',
    'src/admin/checks.ts',
    'src/admin/pages.ts',
    'src/admin/exposition.ts',
  ],
  seeds: bytesOfText(
    ...[
      '/',
      '/metrics',
      '/status',
      '/journal',
      '/history',
      '/live',
      '/ready',
      '/primary',
      '/replica?lag=16MB',
      '/candidates/a/health',
      '/candidates/b/replica?lag=1.5GB',
      '/candidates/%c3%a9/primary',
    ]
      .map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`),
    'OPTIONS / HTTP/1.0\r\n\r\n',
    'GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text;version=1.0.0\r\nAuthorization: Bearer x\r\n\r\n',
  ),
  words: httpWords,
  share: 0.05,
  mostBytes: 20_000,
  isNodeOnly: true,
  async check(bytes, pieces) {
    // Who sends one is asked for it; the others are to get beyond that.
    token = textOf(bytes).includes('Authorization') ? 'x' : undefined;
    const { port } = await (metrics ??= serveMetricsPort(
      '127.0.0.1',
      0,
      pagesOf(() => idleOperations.snapshot()),
      () => token,
    ));
    checkAnswer(await say({ port, host: '127.0.0.1' }, pieces));
    must(
      (await say({ port, host: '127.0.0.1' }, bytesOfText('GET /live HTTP/1.1\r\nHost: x\r\n\r\n')))
        .startsWith('HTTP/1.1 200'),
      'it serves the next one',
    );
  },
  async close() {
    (await metrics)?.close();
    metrics = undefined;
  },
};
