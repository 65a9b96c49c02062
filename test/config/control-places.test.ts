import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  controlFolders,
  controlSocketIn,
  controlSockets,
  usableFolder,
} from '../../src/config/control-places.ts';

const base = mkdtempSync(join(tmpdir(), 'control-places-'));
after(() => rmSync(base, { recursive: true }));

const uid = process.getuid?.();
const posix = uid === undefined ? { skip: 'Windows has no uids' } : {};

describe('the place of the control socket', () => {
  test('is first what systemd made, then the folder of the system, the login, and temporary files', () => {
    assert.deepEqual(
      controlFolders({ RUNTIME_DIRECTORY: '/run/one:/run/two', XDG_RUNTIME_DIR: '/run/user/7' }, 7),
      ['/run/one', '/run/pg_gateway', '/run/user/7/pg_gateway', join(tmpdir(), 'pg_gateway-7')],
    );
    assert.deepEqual(controlFolders({}, 7), ['/run/pg_gateway', join(tmpdir(), 'pg_gateway-7')]);
  });

  test('is on Windows below the folder for temporary files, and not at the root of the drive', () => {
    assert.deepEqual(controlFolders({}, undefined, 'win32'), [join(tmpdir(), 'pg_gateway')]);
  });

  test('is made for this user alone', posix, () => {
    const folder = join(base, 'new', 'deep');
    assert.equal(usableFolder([folder], uid), folder);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(usableFolder([folder], uid), folder, 'it is used again');
  });

  test('is none that others may write to, belongs to another, or is a link or a file', posix, () => {
    const [open, file, link, good] = ['open', 'file', 'link', 'good'].map((name) => join(base, name)) as [
      string,
      string,
      string,
      string,
    ];
    mkdirSync(open);
    chmodSync(open, 0o777);
    writeFileSync(file, '');
    symlinkSync(base, link);
    assert.equal(usableFolder([open, file, link, good], uid), good);
    assert.throws(
      () => usableFolder([open, link], uid),
      /open may be written to by other users; .*link is no folder/,
    );
    assert.throws(() => usableFolder([good], uid! + 1), /good belongs to another user/);
  });

  test('is found again by what ends in .sock, wherever a folder can be read', () => {
    const folder = join(base, 'sockets');
    mkdirSync(folder);
    for (const name of ['2.sock', '1.sock', 'other']) writeFileSync(join(folder, name), '');
    assert.deepEqual(controlSockets([join(base, 'none'), folder]), [
      controlSocketIn(folder, 1),
      controlSocketIn(folder, 2),
    ]);
  });
});
