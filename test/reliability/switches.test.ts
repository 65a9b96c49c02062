/**
 * What is in the environment and in the working folder for runtimes, and not for the program: nothing of it runs other code in the
 * executable, or changes its settings. docs/security.md has the list, and what is left.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gatewayRuntime, programCommand, runProgram, startGateway } from '../bed/gateway.ts';

const skip = gatewayRuntime === 'binary' ? false : 'this is about the executable';

const folder = mkdtempSync(join(tmpdir(), 'switches-'));
const path = (name: string): string => join(folder, name);
after(() => rmSync(folder, { recursive: true }));

/** Leaves a file where it is loaded. */
const trace = path('trace');
const intruder = `require('node:fs').writeFileSync(${
  JSON.stringify(trace)
}, 'code of somebody else has run')`;

/** Runs the program in the folder that holds what runtimes look for. */
function runThere(args: readonly string[], env: Record<string, string>) {
  rmSync(trace, { force: true });
  const { status, stdout, stderr } = spawnSync(programCommand[0]!, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, said: `${stdout}${stderr}`, hasRun: existsSync(trace) };
}

describe('in the executable', { skip }, () => {
  before(() => {
    for (const name of ['intruder.js', 'intruder.cjs']) writeFileSync(path(name), intruder);
    const settings = 'LISTEN_PORT=1\nHOLD_MS=2\nPGUSER=somebody\n';
    for (const name of ['.env', '.env.local', '.env.production', '.env.development']) {
      writeFileSync(path(name), settings);
    }
    const preload = `preload = [${JSON.stringify(path('intruder.js'))}]\n`;
    for (const name of ['bunfig.toml', '.bunfig.toml']) writeFileSync(path(name), preload);
    const imports = { compilerOptions: { paths: { '*': [path('intruder.js')] } } };
    for (const name of ['tsconfig.json', 'jsconfig.json']) writeFileSync(path(name), JSON.stringify(imports));
    const replaced = { imports: { '#*': './intruder.js' }, main: 'intruder.js' };
    for (const name of ['package.json', 'deno.json']) writeFileSync(path(name), JSON.stringify(replaced));
    mkdirSync(path('node_modules/citty'), { recursive: true });
    writeFileSync(path('node_modules/citty/index.js'), intruder);
  });

  test('nothing counts that lies in the working folder or at home', () => {
    const { status, said, hasRun } = runThere(['config', '--json'], {
      CANDIDATES: 'db',
      NODE_ENV: 'production',
    });
    equal(status, 0, said);
    const all = JSON.parse(said) as { name: string; from: string }[];
    deepEqual(all.filter(({ from }) => from !== 'default').map(({ name }) => name), ['CANDIDATES']);
    ok(!hasRun);
  });

  for (
    const env of [
      { NODE_OPTIONS: `--require ${path('intruder.cjs')}` },
      { NODE_OPTIONS: `--import ${path('intruder.js')}` },
      { NODE_PATH: path('node_modules') },
      { NODE_REPL_EXTERNAL_MODULE: path('intruder.js') },
      { BUN_CONFIG_PRELOAD: path('intruder.js'), BUN_PRELOAD: path('intruder.js') },
      { BUN_INSTALL: folder, BUN_CONFIG_FILE: path('bunfig.toml'), XDG_CONFIG_HOME: folder },
      { DENO_DIR: folder, DENO_PERMISSIONS: 'all' },
    ] as Record<string, string>[]
  ) {
    test(`${Object.keys(env).join(', ')} of the environment changes nothing`, () => {
      const { status, said, hasRun } = runThere(['config', '--check'], { CANDIDATES: 'db', ...env });
      deepEqual([status, said, hasRun], [0, 'The configuration can be used.\n', false]);
    });
  }

  for (
    const env of [
      { BUN_OPTIONS: '--smol' },
      { BUN_INSPECT: '127.0.0.1:0' },
      { BUN_INSPECT_CONNECT_TO: '127.0.0.1:1' },
      { BUN_INSPECT_NOTIFY: `unix://${path('notify.sock')}` },
      { BUN_INSPECT_PRELOAD: path('intruder.js') },
    ] as Record<string, string>[]
  ) {
    test(`${Object.keys(env)[0]}, which lets others in, is refused, with what to do`, () => {
      const { status, said } = runThere(['127.0.0.1', '0'], {
        CANDIDATES: '127.0.0.1:1',
        METRICS_PORT: '0',
        ...env,
      });
      equal(status, 2, said);
      match(said, new RegExp(`${Object.keys(env)[0]} in the environment makes .* env -u`));
    });
  }

  /** Until this fails, the sentences of docs/security.md about both are true. */
  test('the two that no program can refuse are as docs/security.md says', () => {
    const security = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
    const asBun = runThere(['-e', intruder], { BUN_BE_BUN: '1' });
    deepEqual([asBun.status, asBun.hasRun, security.includes('`BUN_BE_BUN`')], [0, true, true], asBun.said);
    const preloaded = runThere(['--version'], { BUN_OPTIONS: `--preload=${path('intruder.js')}` });
    deepEqual([preloaded.hasRun, security.includes('`BUN_OPTIONS`')], [true, true], preloaded.said);
  });
});

test('what a command asks a gateway goes through no proxy', { skip }, async () => {
  const gateway = await startGateway({ CANDIDATES: '127.0.0.1:1' });
  try {
    const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
    const { stdout, stderr } = await runProgram(
      ['explain', '--url', `http://127.0.0.1:${gateway.metricsPort}`],
      {
        ...Object.fromEntries(proxies.map((name) => [name, 'http://127.0.0.1:1'])),
        NODE_USE_ENV_PROXY: '1',
        NO_PROXY: '',
      },
    );
    match(stdout, /What each candidate said/, stderr);
  } finally {
    await gateway.stop();
  }
});
