/** Nothing changes a gateway but a command on its control socket, and there nobody is heard but its own user and root. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { chmodSync, lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { commandsOf, type Operations } from '../../src/admin/commands.ts';
import { type GatewayProcess, runProgram, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'who-may-change-'));
const control = join(folder, 'control.sock');
after(() => rmSync(folder, { recursive: true }));

const token = 'a-token-of-this-test';
const commands = Object.keys(commandsOf({} as Operations));

/** Those of HTTP, of WebDAV, and one of nobody. */
const methods = [
  ...['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT'],
  ...['PROPFIND', 'MKCOL', 'MOVE', 'LOCK', 'PURGE', 'QUERY'],
];

/** What a client of HTTP gets: the status, or 0 where the connection is closed without one. */
function ask(
  where: { readonly port: number } | { readonly socketPath: string },
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<number> {
  return new Promise((resolve) => {
    const asked = request({
      ...where,
      method,
      path,
      headers: { ...headers, connection: 'close' },
      agent: false,
    });
    asked.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('connect', ({ statusCode = 0 }, socket) => {
      socket.destroy();
      resolve(statusCode);
    });
    asked.on('error', () => resolve(0));
    asked.end(
      method === 'POST' || method === 'PUT' ? '{"yes":true,"level":"error","timeoutMs":5000}' : undefined,
    );
  });
}

describe('a running gateway', () => {
  let gateway: GatewayProcess;
  before(async () => {
    gateway = await startGateway({
      CANDIDATES: '127.0.0.1:1',
      CONTROL_SOCKET: control,
      METRICS_TOKEN: token,
      DRILLS: 'on',
    });
    // Whoever is on this machine reaches the socket: what is tested here is its own mode.
    chmodSync(folder, 0o755);
  });
  after(() => gateway?.stop());

  /** What commands change. */
  async function state(): Promise<unknown> {
    const { stdout } = await runProgram(['status', '--json', '--control-socket', control]);
    const { draining, drill, paused, config, route: { epoch }, rules } = JSON.parse(stdout);
    const told = gateway.log.filter(({ event }) =>
      /command|reload|pause|resume|drain|drill|forgot/.test(event)
    );
    return { draining, drill, paused, config, epoch, rules, told };
  }

  for (
    const [who, headers] of [['with the token', { authorization: `Bearer ${token}` }], [
      'without it',
      {},
    ]] as const
  ) {
    test(`is not changed by anything on the metrics port, ${who}`, async () => {
      const port = gateway.metricsPort;
      const untouched = await state();
      const missing = await fetch(`http://127.0.0.1:${port}/nowhere`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const pages = [...(await missing.text()).matchAll(/(?<=[ ,])\/[^\s,]*(?=[,.])/g)].map(([page]) => page);
      ok(pages.includes('/status') && pages.includes('/candidates/NAME/health'), pages.join(' '));
      const paths = [
        ...pages,
        ...commands.map((name) => `/${name}`),
        ...[
          '//drain',
          '/?command=drain',
          '/candidates/../drain',
          '/candidates/127.0.0.1%3A1/drain',
          '*',
          'http://127.0.0.1/drain',
        ],
      ];
      const answers = new Map<string, number>();
      const questions = methods.flatMap((method) => paths.map((path) => [method, path] as const));
      // Few at a time: the port gives each a second to be asked.
      while (questions.length > 0) {
        await Promise.all(
          questions.splice(0, 8).map(async ([method, path]) => {
            // Who is slow to ask is hung up on: on a busy machine that may be this test.
            const status = await waitFor('an answer', async () => {
              const status = await ask({ port }, method, path, headers);
              return status > 0 || method === 'CONNECT' ? status : undefined;
            });
            answers.set(`${method} ${path}`, status);
          }),
        );
      }
      const reads = ['GET', 'HEAD', 'OPTIONS'];
      for (const [question, status] of answers) {
        const [method = '', path = ''] = question.split(' ');
        const isOpen = path === '/live' || path === '/ready';
        const expected = who === 'without it' && !isOpen
          ? [401]
          : reads.includes(method)
          ? [200, 404, 503]
          : [405];
        // Node's parser knows not all of them, and answers those itself; what CONNECT asks for nobody takes.
        ok(
          [...expected, 400, ...(method === 'CONNECT' ? [0] : [])].includes(status),
          `${question}: ${status}`,
        );
      }
      if (who === 'with the token') equal(answers.get('GET /status'), 200);
      deepEqual(await state(), untouched);
    });
  }

  test('is not changed by commands on the port of the clients', async () => {
    const untouched = await state() as { told: unknown[] };
    for (const name of commands) await ask({ port: gateway.port }, 'POST', `/${name}`);
    deepEqual(await state(), untouched);
  });

  test('does not hear another user on its control socket', {
    skip: process.getuid?.() === 0 ? false : 'only root can be another user for a while',
  }, async () => {
    equal(lstatSync(control).mode & 0o777, 0o600);
    const untouched = await state();
    const outcome = await new Promise<string>((resolve) => {
      // The kernel asks who it is at connect(2), which happens before this returns.
      process.setegid!(65_534);
      process.seteuid!(65_534);
      try {
        const socket = connect({ path: control });
        socket.once('connect', () => resolve('connected')).once('error', (error) => {
          resolve((error as NodeJS.ErrnoException).code ?? '');
        });
        socket.once('close', () => socket.destroy());
      } finally {
        process.seteuid!(0);
        process.setegid!(0);
      }
    });
    equal(outcome, 'EACCES');
    deepEqual(await state(), untouched);
    // Root is heard.
    equal(await ask({ socketPath: control }, 'POST', '/status'), 200);
  });

  test('takes a change on its control socket from a POST alone', async () => {
    const untouched = await state();
    for (const method of methods.filter((method) => !['POST', 'CONNECT'].includes(method))) {
      for (const name of commands) {
        const status = await ask({ socketPath: control }, method, `/${name}`);
        ok([405, 400].includes(status), `${method} ${name}: ${status}`);
      }
    }
    deepEqual(await state(), untouched);
    // It would be seen.
    equal(await ask({ socketPath: control }, 'POST', '/pause'), 200);
    const changed = await state() as { paused: unknown };
    ok(changed.paused !== null);
  });
});
