import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, test } from 'node:test';
import { mismatch, pinOf } from '../../../scripts/lib/build/bun-package.ts';
import { formatFault } from '../../../scripts/lib/build/format.ts';
import {
  fileOf,
  hostTarget,
  readTargets,
  targetNames,
  targetOf,
} from '../../../scripts/lib/build/targets.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'targets-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('targets are named one by one, or all at once', () => {
  assert.deepEqual(readTargets('all'), targetNames);
  assert.deepEqual(readTargets('windows-x64, linux-x64'), ['linux-x64', 'windows-x64']);
  assert.throws(() => readTargets('linux-riscv64'), /no target "linux-riscv64"; there are linux-x64, /);
  assert.equal(fileOf(targetOf('windows-x64')), 'pg_gateway-windows-x64.exe');
});

test('the machine that builds knows what it can run', () => {
  assert.equal(hostTarget('linux', 'x64', true), 'linux-x64');
  assert.equal(hostTarget('linux', 'x64', false), 'linux-x64-musl');
  assert.equal(hostTarget('linux', 'arm64', false), undefined);
  assert.equal(hostTarget('darwin', 'arm64', false), 'darwin-arm64');
  assert.equal(hostTarget('win32', 'x64', false), 'windows-x64');
  assert.equal(hostTarget('freebsd', 'x64', false), undefined);
});

test('Bun of every target is pinned at the version that package.json has', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of targetNames) {
    const { version, integrity } = pinOf(root, targetOf(name).bunPackage);
    assert.equal(version, dependencies.bun);
    assert.match(integrity, /^sha512-/);
  }
  assert.throws(() => pinOf(root, '@oven/bun-plan9'), /package-lock.json does not have @oven\/bun-plan9/);
});

test('a tarball with another hash is not the one of the lock file', () => {
  const file = join(folder, 'tarball.tgz');
  writeFileSync(file, 'abc');
  const ofAbc =
    'sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==';
  assert.equal(mismatch(file, ofAbc), undefined);
  assert.match(mismatch(file, ofAbc.replace('3a81', '4a81')) ?? '', /its sha512 is 3a81.* says 4a81/);
});

test('a file of another kind is told', () => {
  const fault = (bytes: string, target: (typeof targetNames)[number]) =>
    formatFault(Buffer.from(bytes, 'latin1'), target, '0.1.0');
  assert.equal(fault('MZ', 'linux-x64'), 'it is no ELF file');
  assert.equal(fault('\x7fELF', 'windows-x64'), 'it is no PE file');
  assert.equal(fault('\x7fELF', 'darwin-arm64'), 'it is no 64-bit Mach-O file');
});
