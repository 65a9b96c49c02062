import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { FileReport } from '../../../scripts/lib/test/run.ts';
import { runFile } from '../../../scripts/lib/test/run.ts';
import type { Stage } from '../../../scripts/lib/test/stages.ts';
import { runtimes } from '../../../scripts/lib/test/stages.ts';

/** A checkout of its own, in which the three real runners run small test files. */
const root = realpathSync(mkdtempSync(join(tmpdir(), 'runner-')));
after(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, 'test'));
writeFileSync(join(root, 'package.json'), '{"type":"module"}');
writeFileSync(join(root, 'deno.json'), '{"nodeModulesDir":"manual"}');
symlinkSync(join(import.meta.dirname, '../../../node_modules'), join(root, 'node_modules'));

let runs = 0;

function run(runner: Stage['runner'], text: string, changes: Partial<Stage> = {}): Promise<FileReport> {
  const file = `test/sample${++runs}.test.ts`;
  writeFileSync(join(root, file), text);
  const stage: Stage = { name: runner, runner, files: [file], parallel: 1, deadlineMs: 60_000, ...changes };
  return runFile(root, stage, file, join(root, `run${runs}`));
}

const briefly = ({ outcomes }: FileReport): string[] =>
  outcomes.map(({ name, state }) => `${state} ${name.replace(/^.* > /, '')}`).sort();

const mixed = `import { describe, it, test } from 'node:test';
import assert from 'node:assert/strict';
test('passes', () => {});
test('is "wrong" > right', () => { assert.equal(1, 2); });
test('is skipped', { skip: 'for a reason' }, () => {});
describe('group', () => {
  it('passes inside', () => {});
  describe('inner', () => { it('passes deep inside', () => {}); });
});
`;

for (const runner of runtimes) {
  test(`${runner} counts tests, not groups`, async () => {
    const report = await run(runner, mixed);
    assert.deepEqual(briefly(report), [
      'failed right',
      'passed passes',
      'passed passes deep inside',
      'passed passes inside',
      'skipped is skipped',
    ]);
    assert.match(report.output, /is "wrong" > right/);
  });

  test(`${runner} fails on a file that does not load`, async () => {
    assert.deepEqual(briefly(await run(runner, "throw new Error('early');")), ['failed (the whole file)']);
  });

  test(`${runner} fails on a file without a test`, async () => {
    const report = await run(runner, 'export {};');
    assert.equal(report.outcomes[0]?.detail, 'no test was run');
  });

  test(`${runner} fails when the runner dies`, async () => {
    const report = await run(
      runner,
      `import { test } from 'node:test';\ntest('dies', () => { process.kill(process.pid, 'SIGKILL'); });`,
    );
    assert.equal(report.outcomes.at(-1)?.detail, 'the runner died of SIGKILL');
  });

  test(`${runner} is ended at the deadline`, async () => {
    const hang = `import { test } from 'node:test';
test('hangs', () => new Promise(() => { setInterval(() => {}, 1000); }));`;
    const report = await run(runner, hang, { deadlineMs: 300 });
    assert.equal(report.outcomes.at(-1)?.detail, 'not done after 0.3 s, killed');
  });
}

test('tests see which gateway to start, a TMPDIR of their own, and no settings of psql', async () => {
  process.env['PGUSER'] = 'somebody';
  try {
    const text = `import { test } from 'node:test'; import assert from 'node:assert/strict';
test('environment', () => {
  assert.equal(process.env.GATEWAY_RUNTIME, 'binary');
  assert.equal(process.env.TMPDIR, ${JSON.stringify(root)} + '/run${runs + 1}/t');
  assert.equal(process.env.PGUSER, undefined);
});`;
    assert.deepEqual(briefly(await run('node', text, { gateway: 'binary' })), ['passed environment']);
    assert.equal(existsSync(join(root, `run${runs}`)), false);
  } finally {
    delete process.env['PGUSER'];
  }
});

const noProc = existsSync('/proc/self/cwd') ? false : 'processes are found by /proc';
test('a process that left its group is killed after the file', { skip: noProc }, async () => {
  const text = `import { spawn } from 'node:child_process'; import { test } from 'node:test';
test('leaves', () => { spawn('sleep', ['600'], { detached: true, stdio: 'ignore', cwd: process.env.TMPDIR }).unref(); });`;
  const report = await run('node', text);
  assert.deepEqual(briefly(report), ['passed leaves']);
  assert.match(report.output, /left behind by the tests, and killed: 1 process/);
});
