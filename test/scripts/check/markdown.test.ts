import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMarkdown, lintRules } from '../../../scripts/lib/check/markdown.ts';

/** `path:line rule` for all that is wrong with a repository of a page and its neighbours. */
function strikes(page: string, path = 'README.md'): string[] {
  const tree = new Map([
    ['scripts/demo', undefined],
    ['docs/other.md', '# Other\n\n## Back to `an` older timeline\n\n## Twice\n\n## Twice\n'],
    ['docs/picture.svg', undefined],
    [path, page],
  ]);
  return checkMarkdown(tree).map(({ path, line, rule }) => `${path}:${line} ${rule}`);
}

const cases: Readonly<
  Record<string, { strikes: readonly [string, ...number[]][]; passes: readonly string[] }>
> = {
  'closed-fences': {
    strikes: [
      ['# A\n\n```\ncode\n\n## B\n', 3],
      // As in a page where one is forgotten and the next one closes it: the parser sees two blocks and text between.
      ['```\ncode\n\n## B\n\n```yaml\na: 1\n```\n\ntext\n', 1],
      ['```\ncode\n\n```\ncode\n```\n', 5 + 1],
      ['~~~sh\ncode\n```\n', 1],
      ['````sh\ncode\n```\n', 1],
      ['* item\n\n  ```sh\n  code\n\ntext\n', 3],
    ],
    passes: [
      '```sh\ncode\n```\n',
      '````md\n```sh\ncode\n```\n````\n',
      '~~~\n```sh\n~~~\n',
      '* item\n\n  ```\n  code\n  ```\n',
    ],
  },
  'relative-links': {
    strikes: [
      ['[a](docs/none.md)\n', 1],
      ['\n[a](docs/other.md#nowhere)\n', 2],
      ['[a](docs/other.md#twice-2)\n', 1],
      ['[a][b]\n\n[b]: none.md\n', 3],
      ['![a](docs/none.svg)\n', 1],
      ['[a](docs/picture.svg#part)\n', 1],
    ],
    passes: [
      '[a](docs/other.md) [b](docs/) [c](./docs/other.md#back-to-an-older-timeline) [d](docs/other.md#twice-1)\n',
      '[a](https://example.org/none.md#x) [b](mailto:a@example.org) ![c](docs/picture.svg)\n',
      '`[a](none.md)`\n\n```md\n[a](none.md)\n```\n',
    ],
  },
  'named-paths': {
    strikes: [
      ['Run `scripts/dmo`.\n', 1],
      ['```sh\nscripts/dmo --help\n```\n', 2],
      ['See scripts/dmo.\n', 1],
      ['See `docs/others/`.\n', 1],
    ],
    passes: [
      'Run `scripts/demo --help`. See scripts/demo.\n',
      '`docs/` `node_modules/x/scripts/y` `/etc/scripts/z` `dist/none` https://example.org/docs/none\n',
    ],
  },
  'heading-increment': { strikes: [['# A\n\n### C\n', 3]], passes: ['# A\n\n## B\n\n### C\n\n## D\n'] },
  'link-fragments': { strikes: [['# A\n\n[a](#b)\n', 3]], passes: ['# A b\n\n[a](#a-b)\n'] },
  'no-empty-links': { strikes: [['[a]()\n', 1]], passes: ['[a](docs/other.md)\n'] },
  'reference-links-images': {
    strikes: [['[a][b]\n', 1]],
    passes: ['[a][b]\n\n[b]: docs/other.md\n', '`a[0][1]`\n'],
  },
  'table-column-count': {
    strikes: [['| a | b |\n| --- | --- |\n| 1 |\n', 3], ['| a | b |\n| --- | --- |\n| 1 | 2 | 3 |\n', 3]],
    passes: ['| a | b |\n| --- | --- |\n| `1\\|2` | |\n'],
  },
};

for (const [rule, { strikes: bad, passes }] of Object.entries(cases)) {
  test(`in Markdown the rule ${rule} strikes where it should`, () => {
    for (const [page, ...lines] of bad) {
      assert.deepEqual(strikes(page), lines.map((line) => `README.md:${line} ${rule}`), page);
    }
  });
  test(`in Markdown the rule ${rule} lets pass what is right`, () => {
    for (const page of passes) assert.deepEqual(strikes(page), [], page);
  });
}

test('every rule for Markdown has its cases', () => {
  const names = [
    'closed-fences',
    'relative-links',
    'named-paths',
    ...Object.keys(lintRules).filter((name) => name !== 'default'),
  ];
  assert.deepEqual(Object.keys(cases).sort(), names.sort());
});

test('a link is relative to the folder of its page', () => {
  assert.deepEqual(strikes('[a](other.md) [b](../scripts/demo)\n', 'docs/page.md'), []);
  assert.deepEqual(strikes('[a](docs/other.md)\n', 'docs/page.md'), ['docs/page.md:1 relative-links']);
});

test('a finding about Markdown says what is wrong and where it ends', () => {
  const [finding] = checkMarkdown(new Map([['a.md', '```\ncode\n\n```sh\ncode\n```\n']]));
  assert.deepEqual(finding, {
    path: 'a.md',
    line: 1,
    rule: 'closed-fences',
    message: 'A code block ends with a fence of its own before the next one begins: not closed before line 4',
  });
});
