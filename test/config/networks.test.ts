import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configured, problems } from './sources.ts';

test('ALLOW and DENY are lists of networks', () => {
  const { data } = configured({ env: { ALLOW: '10.0.0.0/8, fd00::/8', DENY: '10.66.0.0/16' } });
  assert.deepEqual(data.allow?.map(({ bits }) => bits), [8, 8]);
  assert.deepEqual(data.deny?.map(({ bits }) => bits), [16]);
});

test('a list of networks that names none is a mistake, for it would let all in', () => {
  assert.deepEqual(problems({ env: { ALLOW: ' , ' } }), ['ALLOW= ,  names no network']);
});

test('what is no network is told with its setting', () => {
  assert.match(
    problems({ env: { DENY: '10.0.0.0/8,db1' } })[0] ?? '',
    /^DENY=.* names db1, which is no network/,
  );
});

test('a network in both lists is a mistake', () => {
  const found = problems({ env: { ALLOW: '10.0.0.0/8', DENY: '192.0.2.1,10.0.0.0/8' } });
  assert.match(found[0] ?? '', /^ALLOW and DENY name the same network/);
});
