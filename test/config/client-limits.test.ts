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

test('CONNECT_RATE_PER_ADDRESS is a rate, and a burst that is the same number where it is left out', () => {
  const read = (text: string) => configured({ env: { CONNECT_RATE_PER_ADDRESS: text } }).data.ratePerAddress;
  assert.deepEqual(read('20:100'), { perSecond: 20, burst: 100 });
  assert.deepEqual(read('20'), { perSecond: 20, burst: 20 });
  assert.deepEqual(read('0.5'), { perSecond: 0.5, burst: 1 });
  assert.equal(read('off'), undefined);
  for (const text of ['0', '0:5', '5:0', '5/s', '-1', ':5', '5:', '1e3']) {
    const found = problems({ env: { CONNECT_RATE_PER_ADDRESS: text } });
    assert.match(found[0] ?? '', /is neither "off" nor a number of connects a second/, text);
  }
});

test('MAX_CONNECTIONS_PER_ADDRESS is a count, or off', () => {
  const read = (text: string) =>
    configured({ env: { MAX_CONNECTIONS_PER_ADDRESS: text } }).data.maxPerAddress;
  assert.deepEqual([read('1'), read('1000000'), read('OFF')], [1, 1_000_000, undefined]);
  for (const text of ['0', '1000001', '-1', 'on']) {
    const found = problems({ env: { MAX_CONNECTIONS_PER_ADDRESS: text } });
    assert.match(found[0] ?? '', /is neither "off" nor a whole number from 1 to 1000000/, text);
  }
});
