import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { waitFor } from '../bed/wait-for.ts';

const repository = join(import.meta.dirname, '../..');
const command = join(repository, 'scripts/run');
const folder = mkdtempSync(join(tmpdir(), 'launch-'));
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly code: Promise<number | NodeJS.Signals | null>;
}

/** Starts `command` as somebody would, in a folder of theirs and without the settings of this one. */
function start(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
  cwd = folder,
): Run {
  const inherited = Object.entries(process.env).filter(([name]) => !/^PG|^GATEWAY_RUNTIME$/.test(name));
  const child = spawn(command, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said += chunk);
  const code = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve(code ?? signal);
    });
  });
  return { child, said: () => said, code };
}

async function outcome({ code, said }: Run): Promise<string> {
  return `${await code}: ${said().trim()}`;
}

for (const runtime of ['bun', 'deno', 'node']) {
  test(`scripts/run on ${runtime} serves on that runtime, and a signal reaches the program itself`, async () => {
    const run = start(command, ['127.0.0.1', '0'], {
      GATEWAY_RUNTIME: runtime,
      CANDIDATES: '127.0.0.1:1',
      PGUSER: 'postgres',
      METRICS_PORT: '0',
      LOG_FORMAT: 'json',
    });
    await waitFor('it to listen', () => run.said().includes('"event":"listening"'), { evidence: run.said });
    assert.match(run.said(), new RegExp(`"event":"engine".*"runtime":"${runtime}"`));
    run.child.kill('SIGTERM');
    assert.equal(await run.code, 0, run.said());
  });
}

test('without a choice, arguments go to the program and its exit code comes back', async () => {
  assert.match(await outcome(start(command, ['--version'])), /^0: pg_gateway \d/);
  assert.match(await outcome(start(command, ['check'])), /^2: pg_gateway: CANDIDATES is not set/);
  assert.match(await outcome(start(command, ['cheque'])), /^2: pg_gateway: "cheque" is no command/);
});

test('the command of the package works through a link, as npm makes one', async () => {
  const { bin } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const link = join(folder, 'pg_gateway');
  symlinkSync(join(repository, bin.pg_gateway), link);
  assert.match(await outcome(start(link, ['--version'])), /^0: pg_gateway \d/);
});

test('an unknown runtime is an error that names those that there are', async () => {
  const run = start(command, ['--version'], { GATEWAY_RUNTIME: 'perl' });
  assert.equal(await outcome(run), '1: run: GATEWAY_RUNTIME=perl: it is one of bun, deno, node, binary.');
});

test('what lies in the folder that it is started in changes nothing', async () => {
  const trap = join(folder, 'trap');
  mkdirSync(trap);
  writeFileSync(join(trap, '.env'), 'CANDIDATES=db1\nPGPASSFILE=/nowhere\n');
  writeFileSync(join(trap, 'bunfig.toml'), 'preload = ["./preload.ts"]\n');
  writeFileSync(join(trap, 'preload.ts'), 'console.log("preloaded");\n');
  writeFileSync(join(trap, 'deno.json'), '{"unstable": ["none"], "imports": {"citty": "./preload.ts"}}\n');
  for (const runtime of ['bun', 'deno', 'node']) {
    const run = start(command, ['check'], { GATEWAY_RUNTIME: runtime }, trap);
    assert.match(await outcome(run), /^2: pg_gateway: CANDIDATES is not set/, runtime);
  }
});

/** A checkout without runtimes, whose scripts/install does what `install` says. */
function bareCheckout(name: string, install: string): string {
  const root = join(folder, name);
  for (const path of ['scripts', 'node_modules/.bin', 'bin']) {
    mkdirSync(join(root, path), { recursive: true });
  }
  for (const path of ['src', 'package.json', 'bunfig.toml']) {
    symlinkSync(join(repository, path), join(root, path));
  }
  // Not a link, which would be followed to the real one.
  writeFileSync(join(root, 'scripts/run'), readFileSync(command), { mode: 0o755 });
  writeFileSync(join(root, 'scripts/install'), `#!/bin/sh\nroot=${root}\n${install}\n`, { mode: 0o755 });
  return root;
}

function fake(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

test('a Node in PATH that is too old for the sources gives way to one that is installed for it', async () => {
  const root = bareCheckout(
    'old-node',
    `[ $# -gt 0 ] || { printf '#!/bin/sh\\necho installed node runs "$@"\\n' > $root/node_modules/.bin/node; chmod +x $root/node_modules/.bin/node; }`,
  );
  fake(join(root, 'bin/node'), 'echo ERR_UNKNOWN_FILE_EXTENSION >&2; exit 1');
  const run = start(join(root, 'scripts/run'), ['check', 'two words'], {
    GATEWAY_RUNTIME: 'node',
    PATH: `${root}/bin:/usr/bin:/bin`,
  });
  assert.equal(await outcome(run), `0: installed node runs ${root}/src/main.ts check two words`);
});

test('a Node in PATH that runs the sources is taken, and nothing more is installed', async () => {
  const root = bareCheckout('new-node', '[ $# -gt 0 ] || { echo all is installed; exit 1; }');
  fake(join(root, 'bin/node'), 'echo node in PATH runs "$@"');
  const run = start(join(root, 'scripts/run'), ['check'], {
    GATEWAY_RUNTIME: 'node',
    PATH: `${root}/bin:/usr/bin:/bin`,
  });
  assert.equal(await outcome(run), `0: node in PATH runs ${root}/src/main.ts check`);
});

test('where no such runtime can be had, that is said', async () => {
  const root = bareCheckout('no-node', '');
  fake(join(root, 'bin/node'), 'exit 1');
  const run = start(join(root, 'scripts/run'), ['check'], {
    GATEWAY_RUNTIME: 'node',
    PATH: `${root}/bin:/usr/bin:/bin`,
  });
  assert.equal(
    await outcome(run),
    '1: run: there is no node here that runs the sources; choose another GATEWAY_RUNTIME.',
  );
});

test('the executable is run if it is asked for, or the script says how to make it', async () => {
  const root = bareCheckout('binary', '');
  const env = { GATEWAY_RUNTIME: 'binary' };
  assert.equal(
    await outcome(start(join(root, 'scripts/run'), [], env)),
    '1: run: dist/pg_gateway is missing: run scripts/build first.',
  );
  mkdirSync(join(root, 'dist'));
  fake(join(root, 'dist/pg_gateway'), 'echo executable "$@"');
  assert.equal(await outcome(start(join(root, 'scripts/run'), ['check'], env)), '0: executable check');
});
