import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readMetricsToken } from '../../src/config/metrics-token.ts';
import { configured, problems } from './sources.ts';

const files = (read: (path: string) => string) => ({ read, list: () => [], mode: () => 0o600 });

describe('the token of the metrics port', () => {
  test('is there only where it is set', () => {
    assert.equal(configured({}).metricsToken, undefined);
    assert.equal(configured({ env: { METRICS_TOKEN: '' } }).metricsToken, undefined);
    assert.equal(configured({ env: { METRICS_TOKEN: 'abc' } }).metricsToken?.(), 'abc');
  });

  test('may come from a file, whose last line end is no part of it', () => {
    for (const text of ['abc', 'abc\n', 'abc\r\n']) {
      const given = { env: { METRICS_TOKEN_FILE: '/t' }, files: { '/t': text } };
      assert.equal(configured(given).metricsToken?.(), 'abc');
    }
  });

  test('follows its file, and stays while that has none in it', () => {
    let text: string | undefined = 'one';
    const read = () => {
      if (text === undefined) throw new Error('gone');
      return text;
    };
    const token = readMetricsToken(undefined, '/t', files(read), []);
    for (
      const [now, then] of [['two\n', 'two'], ['', 'two'], [undefined, 'two'], ['a b', 'two'], [
        'three',
        'three',
      ]]
    ) {
      text = now;
      assert.equal(token?.(), then);
    }
  });

  const wrong: readonly [Record<string, string>, string, RegExp][] = [
    [
      { METRICS_TOKEN: 'a', METRICS_TOKEN_FILE: '/t' },
      'abc',
      /^METRICS_TOKEN and METRICS_TOKEN_FILE are both set/,
    ],
    [{ METRICS_TOKEN: 'a b' }, '', /^METRICS_TOKEN is no token: .* without blanks/],
    [{ METRICS_TOKEN: 'ä' }, '', /^METRICS_TOKEN is no token/],
    [{ METRICS_TOKEN_FILE: '/t' }, '', /^METRICS_TOKEN_FILE=\/t is no token/],
    [{ METRICS_TOKEN_FILE: '/t' }, 'abc\n\n', /^METRICS_TOKEN_FILE=\/t is no token/],
    [
      { METRICS_TOKEN_FILE: '/nope' },
      '',
      /^METRICS_TOKEN_FILE=\/nope cannot be read \(ENOENT\): create the file/,
    ],
  ];
  for (const [env, text, message] of wrong) {
    test(`is not had by ${JSON.stringify(env)} and a file of ${JSON.stringify(text)}`, () => {
      const [problem, ...others] = problems({ env, files: { '/t': text } });
      assert.match(problem!, message);
      assert.deepEqual(others, []);
    });
  }
});
