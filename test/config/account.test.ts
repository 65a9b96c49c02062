import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { currentAccount, nameIn } from '../../src/config/account.ts';

describe('whose process this is', () => {
  test('says the system, and not USER', () => {
    const { USER: before } = process.env;
    const { stdout } = spawnSync('id', ['-un'], { encoding: 'utf8' });
    try {
      for (const value of [undefined, 'another user']) {
        if (value === undefined) delete process.env['USER'];
        else process.env['USER'] = value;
        assert.equal(currentAccount().osUser, stdout.trim());
      }
    } finally {
      if (before === undefined) delete process.env['USER'];
      else process.env['USER'] = before;
    }
  });
});

describe('the name in passwd', () => {
  const passwd = [
    'root:x:0:0:root:/root:/bin/bash',
    'toor:x:0:0::/root:/bin/sh',
    '# a comment',
    'anna:x:1000:1000:Anna,,,:/home/anna:/bin/sh',
    ':x:1001:1001::/:',
    'x:1002',
    '',
  ].join('\n');

  test('is the first of the uid', () => {
    assert.equal(nameIn(passwd, 0), 'root');
    assert.equal(nameIn(passwd, 1000), 'anna');
  });

  test('is none where no line has the uid and a name', () => {
    for (const uid of [1, 10, 100, 1001, 1002, 65_532]) {
      assert.equal(nameIn(passwd, uid), undefined, String(uid));
    }
    assert.equal(nameIn('', 0), undefined);
  });
});
