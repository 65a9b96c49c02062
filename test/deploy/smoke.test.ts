import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { archiveName } from '../../scripts/lib/publish/archives.ts';
import { readOptions } from '../../scripts/lib/smoke/options.ts';
import { unpack } from '../../scripts/lib/smoke/unpack.ts';

const root = join(import.meta.dirname, '../..');
const executable = join(root, 'dist/pg_gateway');
const folder = mkdtempSync(join(tmpdir(), 'smoke-test-'));
// PostgreSQL is run by another account where ours is root.
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true }));

/** As a release has it, with a line of sh in the place of a program of 110 MB. */
function archive(named: string, program: string, ...files: readonly string[]): string {
  const place = mkdtempSync(join(folder, 'made-'));
  const top = archiveName(named, 'linux-x64').replace('.tar.gz', '');
  mkdirSync(join(place, top));
  writeFileSync(join(place, top, 'pg_gateway'), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
  for (const file of files) writeFileSync(join(place, top, file), file);
  const path = join(place, `${top}.tar.gz`);
  assert.equal(spawnSync('tar', ['-czf', path, '-C', place, top]).status, 0);
  return path;
}

/** Past the shell script, which would look at all of node_modules first. */
function smoke(...args: string[]) {
  const run = spawnSync(process.execPath, [join(root, 'scripts/lib/smoke/main.ts'), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH']!, TMPDIR: folder },
  });
  assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith('smoke-')), [], 'nothing is left');
  return run;
}

const licences = ['LICENSE', 'THIRD-PARTY-LICENSES.txt'];

describe('what a release has for a system', () => {
  test('is tried with a query, by what is said to run it', () => {
    assert.ok(existsSync(executable), 'run scripts/build first');
    const file = archive('1.0.0', `exec '${executable}' "$@"`, ...licences);
    const { status, stdout, stderr } = smoke(file, '--run-by', 'env PLACE={folder}');
    assert.equal(status, 0, stderr);
    assert.equal(stdout.split('\n').filter((line) => line.startsWith('ok  ')).length, 5, stdout);
    assert.match(stdout, /a query comes through/);
  });

  test('fails if it is of another version, and says what it printed', () => {
    const { status, stderr } = smoke(archive('1.0.0', 'echo pg_gateway 0.0.1', ...licences));
    assert.equal(status, 1);
    assert.match(stderr, /--version should print "pg_gateway .*pg_gateway 0\.0\.1/s);
  });

  test('fails if it does not run at all', () => {
    const { status, stderr } = smoke(join(folder, 'nothing'));
    assert.equal(status, 1);
    assert.match(stderr, /ENOENT/);
  });
});

describe('an archive', () => {
  const place = () => mkdtempSync(join(folder, 'unpacked-'));

  test('must have the licences', () => {
    assert.throws(() => unpack(archive('1.0.0', '', 'LICENSE'), place()), /has no THIRD-PARTY-LICENSES/);
    assert.match(
      unpack(archive('1.0.0', '', ...licences), place()),
      /pg_gateway-1\.0\.0-linux-x64\/pg_gateway$/,
    );
  });

  test('must hold one folder of its own name', () => {
    const path = archive('1.0.0', '', ...licences);
    const renamed = join(folder, 'pg_gateway-2.0.0-linux-x64.tar.gz');
    assert.equal(spawnSync('cp', [path, renamed]).status, 0);
    assert.throws(
      () => unpack(renamed, place()),
      /should hold one folder, pg_gateway-2\.0\.0-linux-x64, and holds/,
    );
  });
});

test('one file is named, and what runs it has words', () => {
  assert.deepEqual(readOptions(['a', '--run-by', 'docker run  x']), {
    file: 'a',
    runBy: ['docker', 'run', 'x'],
  });
  assert.throws(() => readOptions([]), /name one executable/);
  assert.throws(() => readOptions(['a', 'b']), /name one executable/);
});
