import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, test } from 'node:test';
import { layers, packageOwners } from '../../scripts/lib/check/rules.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Pages of the repository that can be reached from `starts` by links, the starts among them. */
function reachable(...starts: readonly string[]): Set<string> {
  const pages = new Set(starts);
  for (const page of pages) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s#]+)/g)) {
      const path = posix.join(posix.dirname(page), target);
      if (path.endsWith('.md') && existsSync(join(root, path))) pages.add(path);
    }
  }
  return pages;
}

describe('the documents', () => {
  const longest = { 'README.md': 150, 'DEVELOPER.md': 120 };
  for (const [path, most] of Object.entries(longest)) {
    test(`${path} is at most ${most} lines long`, () => {
      const lines = read(path).split('\n').length - 1;
      assert.ok(lines <= most, `${lines} lines: move what is more to docs/`);
    });
  }

  for (const start of ['README.md', 'docs/README.md']) {
    test(`links from ${start} lead to every page of docs/`, () => {
      const found = reachable(start);
      const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
        .map((name) => `docs/${name.replaceAll('\\', '/')}`)
        .filter((name) => name.endsWith('.md'));
      assert.ok(pages.length > 10);
      assert.deepEqual(pages.filter((page) => !found.has(page)), []);
    });
  }

  test('README.md names the two commands', () => {
    const commands = [...read('README.md').matchAll(/^```sh\n(scripts\/\w+)\n```$/gm)].map(([, name]) =>
      name
    );
    assert.deepEqual(commands, ['scripts/demo', 'scripts/test']);
  });
});

describe('DEVELOPER.md', () => {
  const text = read('DEVELOPER.md');

  test('has the parts of src/ in the order of the layers, with the packages of each', () => {
    const rows = [...text.matchAll(/^\| `(src\/[^`]+)` \|.*\|(.*)\|$/gm)];
    assert.deepEqual(rows.map(([, part]) => part), [...layers]);
    for (const [name, owners] of Object.entries(packageOwners)) {
      for (const owner of owners.filter((owner) => owner !== 'src/main.ts')) {
        const row = rows.find(([, part = '']) => owner.startsWith(part));
        assert.ok(row?.[2]?.includes(`\`${name}\``), `${owner} may import ${name}`);
      }
    }
  });

  test('answers ten questions with a function that is in the file named', () => {
    const questions = text.split('\n').filter((line) => /^\d+\. /.test(line));
    assert.equal(questions.length, 10);
    for (const question of questions) {
      const answers = [...question.matchAll(/`(src\/[\w./-]+)`, `(#?\w+)`(?:, and `(#?\w+)`)?/g)];
      assert.ok(answers.length > 0, question);
      for (const [, path = '', ...names] of answers) {
        for (const name of names.filter((name) => name !== undefined)) {
          const declared = new RegExp(
            `(?:^export function |^  (?:override )?|^function )${name}(?:<[^(]*>)?\\(`,
            'm',
          );
          assert.match(read(path), declared, `${path} has no ${name}`);
        }
      }
    }
  });
});
