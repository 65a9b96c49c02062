import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Options } from '../../../scripts/lib/test/options.ts';
import { readOptions, select } from '../../../scripts/lib/test/options.ts';
import { stagesOf, steps } from '../../../scripts/lib/test/stages.ts';

const files = [
  'test/cluster/lsn.test.ts',
  'test/config.test.ts',
  'test/e2e/failover.test.ts',
  'test/ha/patroni.test.ts',
  'test/compat/programs.test.ts',
  'test/deploy/image/image.test.ts',
  'test/load/bulk.test.ts',
  'test/reliability/soak.test.ts',
  'test/runtime/bun.test.ts',
  'test/runtime/native.deno.test.ts',
  'test/runtime/node.test.ts',
  'test/runtime/poller.test.ts',
];

/** The names of what is left to do, with the number of files. */
function plan(...args: string[]): string[] {
  const options: Options = readOptions(args);
  return select(options, stagesOf(files), steps).map((item) =>
    'files' in item ? `${item.name} ${item.files.length}` : item.name
  );
}

test('the test of the library, which is one file, runs on all runtimes', () => {
  const stages = stagesOf(['test/library.test.ts']).filter((stage) => stage.files.length > 0);
  assert.deepEqual(stages.map(({ name }) => name), ['unit-node', 'unit-bun', 'unit-deno']);
});

test('a test runs where its folder and its name say', () => {
  const runs = (file: string): string[] =>
    stagesOf(files).filter((stage) => stage.files.includes(file)).map(({ name }) => name);
  assert.deepEqual(runs('test/cluster/lsn.test.ts'), ['unit-node', 'unit-bun', 'unit-deno']);
  assert.deepEqual(runs('test/config.test.ts'), ['unit-node']);
  assert.deepEqual(runs('test/runtime/bun.test.ts'), ['runtime-bun']);
  assert.deepEqual(runs('test/runtime/native.deno.test.ts'), ['runtime-deno']);
  assert.deepEqual(runs('test/runtime/poller.test.ts'), ['runtime-node', 'runtime-bun', 'runtime-deno']);
  assert.deepEqual(runs('test/e2e/failover.test.ts'), ['e2e-node', 'e2e-bun', 'e2e-deno', 'e2e-binary']);
  assert.deepEqual(runs('test/load/bulk.test.ts'), ['e2e-node', 'e2e-binary']);
  assert.deepEqual(runs('test/ha/patroni.test.ts'), ['ha']);
  assert.deepEqual(runs('test/reliability/soak.test.ts'), ['ha']);
  assert.deepEqual(runs('test/deploy/image/image.test.ts'), ['deploy']);
  assert.deepEqual(runs('test/compat/programs.test.ts'), ['deploy']);
});

test('without options everything runs, and the build comes before the end-to-end tests', () => {
  assert.deepEqual(plan(), [
    'check',
    'unit-node 2',
    'unit-bun 1',
    'unit-deno 1',
    'runtime-node 2',
    'runtime-bun 2',
    'runtime-deno 2',
    'build',
    'e2e-node 2',
    'e2e-bun 1',
    'e2e-deno 1',
    'e2e-binary 2',
    'ha 2',
    'deploy 2',
    ...(process.platform === 'linux' ? ['bench'] : []),
  ]);
});

test('a pattern picks files, and leaves out what it does not touch', () => {
  assert.deepEqual(plan('lsn', 'config'), ['unit-node 2', 'unit-bun 1', 'unit-deno 1']);
});

test('only picks stages by name or by kind', () => {
  assert.deepEqual(plan('--only', 'check', '--only', 'runtime'), [
    'check',
    'runtime-node 2',
    'runtime-bun 2',
    'runtime-deno 2',
  ]);
});

test('the runtime of an end-to-end stage is that of its gateway, and the binary is built first', () => {
  assert.deepEqual(plan('--runtime', 'bun'), ['unit-bun 1', 'runtime-bun 2', 'e2e-bun 1']);
  assert.deepEqual(plan('--runtime', 'binary'), ['build', 'e2e-binary 2', 'ha 2', 'deploy 2']);
});

test('a stage that should have tests and has none stays, so that it fails', () => {
  const todo = select(readOptions([]), stagesOf([]), steps);
  assert.deepEqual(todo.filter((item) => 'files' in item).length, 12);
});

test('what matches nothing is an error', () => {
  assert.throws(() => plan('nonsense'), /no test matches/);
  assert.throws(
    () => plan('--only', 'unit-perl'),
    /no stage unit-perl; there are check, build, (bench, )?unit-node/,
  );
  assert.throws(() => plan('--runtime', 'perl'), /no test matches/);
  assert.throws(() => plan('--onyl', 'unit'), /--onyl/);
});
