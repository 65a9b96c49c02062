/** What scripts that measure for minutes say and leave behind, whatever ends them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../bed/wait-for.ts';

const lib = fileURLToPath(new URL('../../scripts/lib', import.meta.url));

let folder: string;

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'pg_gateway-script-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  output(): string;
}

/** A script whose options are its arguments, with this body for what it does with them. */
function run(body: string, args: readonly string[] = []): Ran {
  const file = join(folder, 'script.mts');
  writeFileSync(
    file,
    `import { runLongScript, writeResult } from '${lib}/long-script.ts';
import { UsageError } from '${lib}/usage.ts';
import { start } from '${lib}/bench/children.ts';
import { temporaryFolder } from '${lib}/bench/folder.ts';
await runLongScript({
  name: 'scripts/some',
  help: 'scripts/some: helps\\n',
  read: ([first]) => {
    if (first === '--help') return 'help';
    if (first === '--wrong') throw new UsageError('--wrong is wrong');
    return { first };
  },
  run: async (options) => { ${body} },
});
`,
  );
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => said.push(String(text)));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { process: child, ended, output: () => said.join('') };
}

test('the exit code tells a good end from a bad one, a fault, and a mistake on the command line', async () => {
  const good = run('return true;');
  assert.equal(await good.ended, 0, good.output());
  const bad = run('return false;');
  assert.equal(await bad.ended, 1, bad.output());
  const fault = run(`throw new Error('no such thing: make it');`);
  assert.equal(await fault.ended, 1);
  assert.equal(fault.output(), 'scripts/some: no such thing: make it\n');
  const mistake = run('return true;', ['--wrong']);
  assert.equal(await mistake.ended, 2);
  assert.equal(mistake.output(), 'scripts/some: --wrong is wrong\n\nscripts/some: helps\n');
  const help = run('return false;', ['--help']);
  assert.equal(await help.ended, 0);
  assert.equal(help.output(), 'scripts/some: helps\n');
});

test('a result is written with its folder, and where none is asked for there is none', async () => {
  const file = join(folder, 'new/folder/result.txt');
  const ran = run(`writeResult(undefined, 'lost'); writeResult('${file}', 'kept\\n\\n'); return true;`);
  assert.equal(await ran.ended, 0, ran.output());
  assert.equal(readFileSync(file, 'utf8'), 'kept\n');
  assert.equal(ran.output(), `written: ${file}\n`);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} ends it with its children and its folder`, async () => {
    const ran = run(`
      const folder = temporaryFolder('some');
      const child = await start(['sleep', '600']);
      console.log(JSON.stringify({ folder, pid: child.pid }));
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    `);
    const { folder: made, pid } = await waitFor('its children', () => {
      const line = ran.output().split('\n').find((text) => text.startsWith('{'));
      return line === undefined ? undefined : JSON.parse(line) as { folder: string; pid: number };
    }, { evidence: ran.output });
    assert.ok(existsSync(made) && existsSync(`/proc/${pid}`));
    ran.process.kill(signal);
    assert.equal(await ran.ended, 130, ran.output());
    assert.ok(!existsSync(made));
    await waitFor('the child to end', () => !isAlive(pid));
  });
}

/** One that has ended and that nobody has asked for yet is not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
