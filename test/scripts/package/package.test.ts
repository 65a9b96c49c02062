import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { needsOf } from '../../../scripts/lib/package/architecture.ts';
import { PackageError } from '../../../scripts/lib/package/error.ts';
import { debianDate, readIdentity, rpmDate } from '../../../scripts/lib/package/identity.ts';
import { filled } from '../../../scripts/lib/package/template.ts';

const repository = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'package-'));
after(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

test('an executable for another machine is told, and so is one that is not there', () => {
  // Of elf(5): the machine is a number of two bytes at 18; 183 is AArch64.
  const arm = file('arm', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, ...Array(14).fill(0), 183, 0]));
  assert.throws(() => needsOf(arm, 'amd64'), {
    message: `${arm} is not for amd64: build it anew, with scripts/build`,
  });
  assert.throws(() => needsOf(file('text', '#!/bin/sh\nexec something else\n'), 'amd64'), PackageError);
  assert.throws(() => needsOf(join(folder, 'none'), 'arm64'), /none is not there: run scripts\/build first/);
});

test('a date is the one that each format writes, whatever the zone of this machine', () => {
  assert.equal(debianDate(1_767_323_045), 'Fri, 02 Jan 2026 03:04:05 +0000');
  assert.equal(rpmDate(1_767_323_045), 'Fri Jan 02 2026');
});

test('a version before a release sorts before it, and the rest is told by the repository', () => {
  const place = mkdtempSync(join(folder, 'root-'));
  writeFileSync(join(place, 'package.json'), '{"version":"1.0.0-rc.1"}');
  spawnSync('mkdir', [join(place, 'deploy')]);
  writeFileSync(join(place, 'deploy/names.json'), '{"repository":"https://github.com/some-one/pg_gateway"}');
  process.env['SOURCE_DATE_EPOCH'] = '12';
  try {
    assert.deepEqual(readIdentity(place), {
      version: '1.0.0-rc.1',
      sortable: '1.0.0~rc.1',
      revision: '1',
      homepage: 'https://github.com/some-one/pg_gateway',
      maintainer: 'pg_gateway contributors <some-one@users.noreply.github.com>',
      epoch: 12,
    });
    process.env['SOURCE_DATE_EPOCH'] = 'today';
    assert.throws(() => readIdentity(place), /SOURCE_DATE_EPOCH=today is not a number/);
  } finally {
    delete process.env['SOURCE_DATE_EPOCH'];
  }
});

test('a template gets each value where its name is, and a name without a value is a mistake', () => {
  const template = file('control', 'Version: @VERSION@-@REVISION@\nat: a@example.org\n');
  assert.equal(filled(template, { VERSION: '1', REVISION: '2' }), 'Version: 1-2\nat: a@example.org\n');
  assert.throws(() => filled(template, { VERSION: '1' }), /@REVISION@ has no value/);
  assert.throws(() => filled(template, { VERSION: '1', REVISION: '2', MORE: '3' }), /no place for MORE/);
});

test('the command line tells what it does not know', () => {
  const { status, stderr } = spawnSync(join(repository, 'scripts/package'), ['--arch', 'riscv'], {
    encoding: 'utf8',
  });
  assert.equal(status, 2);
  assert.match(stderr, /^scripts\/package: --arch: there is no "riscv"; there are amd64, arm64$/m);
});
