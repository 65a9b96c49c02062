import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readExposition } from './exposition.ts';

describe('the reader of the exposition format', () => {
  test('reads families, labels and numbers', () => {
    const families = readExposition(
      '# HELP a_total What it is.\n# TYPE a_total counter\na_total{x="1",y="\\"\\\\\\n,}"} 2\na_total 3e+21\n',
    );
    assert.deepEqual(families.get('a_total'), {
      help: 'What it is.',
      type: 'counter',
      samples: [
        { name: 'a_total', labels: { x: '1', y: '"\\\n,}' }, value: 2 },
        { name: 'a_total', labels: {}, value: 3e21 },
      ],
    });
  });

  const head = (name: string, type: string) => `# HELP ${name} Help.\n# TYPE ${name} ${type}\n`;
  const bad: readonly [string, string][] = [
    ['an end without a line end', `${head('a', 'gauge')}a 1`],
    ['a family twice', `${head('a', 'gauge')}a 1\n${head('a', 'gauge')}`],
    ['a TYPE without a HELP', '# TYPE a gauge\n'],
    ['a sample under another family', `${head('a', 'gauge')}b 1\n`],
    ['a sample before all families', 'a 1\n'],
    ['a number that is none', `${head('a', 'gauge')}a one\n`],
    ['a quote in a label', `${head('a', 'gauge')}a{x="""} 1\n`],
    ['a backslash in a label', `${head('a', 'gauge')}a{x="\\x"} 1\n`],
    ['a sample twice', `${head('a', 'gauge')}a{x="1"} 1\na{x="1"} 2\n`],
    ['a counter without _total', `${head('a', 'counter')}a 1\n`],
    ['an empty line', `${head('a', 'gauge')}\n`],
    [
      'a histogram that falls',
      `${head('a', 'histogram')}a_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n`,
    ],
    ['a histogram without its end', `${head('a', 'histogram')}a_bucket{le="1"} 1\na_sum 1\na_count 1\n`],
  ];
  for (const [what, text] of bad) {
    test(`finds ${what}`, () => assert.throws(() => readExposition(text), assert.AssertionError));
  }
});
