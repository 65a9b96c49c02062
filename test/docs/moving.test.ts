import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { convertText } from '../../src/cli/convert/convert.ts';
import { commands } from '../../src/cli/commands.ts';
import { settingNames, settings } from '../../src/config/settings.ts';
import { secrets } from '../../src/config/secrets.ts';
import { configured } from '../config/sources.ts';

/** docs/moving/, held to the program, and to what was measured. */
const docs = new URL('../../docs/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, docs), 'utf8');
const pages = readdirSync(new URL('moving/', docs)).map((name) => ({ name, text: read(`moving/${name}`) }));
const page = (name: string): string => pages.find((page) => page.name === name)!.text;
const all = pages.map(({ text }) => text).join('\n');

const blocks = (text: string, language: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^ *\`\`\`${language}\n(.*?)^ *\`\`\`$`, 'gms'))].map(([, block = '']) =>
    block
  );

/** Read as CONFIG_FILE by the program itself. */
function load(text: string): void {
  const { warnings, credentials } = configured({
    flags: { CONFIG_FILE: 'gateway.env' },
    env: { CANDIDATES: '' },
    files: { 'gateway.env': text, '/etc/pg_gateway/pgpass': '*:*:*:*:secret\n' },
  });
  assert.deepEqual([...warnings, ...credentials.warnings], []);
}

describe('docs/moving', () => {
  for (const { name, text } of pages.filter(({ name }) => name !== 'README.md')) {
    test(`${name} shows a configuration of afterwards, and the program takes it`, () => {
      const after = blocks(text, 'env');
      assert.ok(after.length > 0);
      for (const one of after) load(one);
      assert.match(text, /\*\*Back\*\*/, 'the page does not say how to go back');
      assert.match(text, /\]\(\.\.\/benchmarks\/\w/, 'the page does not say where its figures are from');
    });
  }

  test('names settings that exist', () => {
    const named = [...all.matchAll(/\b(?:CANDIDATES|PG[A-Z]+|[A-Z]+(?:_[A-Z]+)+)\b/g)].map(([name]) => name);
    const known: readonly string[] = [...settingNames, ...secrets];
    assert.ok(named.length > 50);
    assert.deepEqual(named.filter((name) => !known.includes(name)), []);
  });

  test('names commands that exist', () => {
    const named = [...all.matchAll(/(?<=`)pg_gateway ([a-z][a-z-]*)/g)].map(([, name = '']) => name);
    const typed = blocks(all, 'sh').flatMap((block) =>
      [...block.matchAll(/pg_gateway ([a-z][a-z-]*)/g)].map(([, name = '']) => name)
    );
    assert.ok(named.length > 10 && typed.length > 1);
    assert.deepEqual([...named, ...typed].filter((name) => !Object.hasOwn(commands, name)), []);
  });

  test('names metrics that exist', () => {
    const metrics = read('metrics.md');
    const named = [...all.matchAll(/`(pg_gateway_\w+)`/g)].map(([, name]) => name);
    assert.ok(named.length >= 7);
    for (const name of named) assert.ok(metrics.includes(`| \`${name}\` |`), name);
  });

  test('converts the haproxy.cfg that it shows to the settings that it shows', () => {
    const text = page('haproxy.md');
    const { gateways, leftOut, problems } = convertText(
      blocks(text, 'haproxy')[0]!,
      { primary: [], replicas: [] },
      () => undefined,
    );
    assert.deepEqual([problems, leftOut, gateways.length], [[], [], 1]);
    const made = gateways[0]!.settings.filter(({ isProposal }) => !isProposal);
    assert.equal(made.map(({ name, value }) => `${name}=${value}\n`).join(''), blocks(text, 'env')[0]);
  });

  test('has the gaps behind HAProxy from docs/benchmarks/faults.md', () => {
    const measured = read('benchmarks/faults.md').split('## Patroni, with HAProxy')[1]!;
    const rows = [...page('haproxy.md').matchAll(/^\| ([a-z-]+) \| ([\d., ]+) \| ([\d., ]+) \|$/gm)];
    assert.ok(rows.length > 2);
    for (const [, fault, ours, theirs] of rows) {
      const cells = new RegExp(`^\\| ${fault} \\|(.*)\\|$`, 'm').exec(measured)?.[1]?.split('|').map((cell) =>
        cell.trim()
      );
      assert.deepEqual([cells?.[0], cells?.[3]], [ours, theirs], fault);
    }
  });

  test('has the defaults that the program has', () => {
    const told = [
      ...all.matchAll(
        /`([A-Z]+(?:_[A-Z]+)+)`(?:, which)?(?: is|,)? \(?([0-9][0-9.]* ?(?:ms|s)?|127\.0\.0\.1|0\.0\.0\.0)(?:\)| unless|,? \|)/g,
      ),
    ];
    assert.ok(told.length > 3, String(told.length));
    for (const [where, name = '', value = ''] of told) {
      const setting = settings[name as keyof typeof settings];
      const fallback = setting.parse(setting.fallback ?? '');
      assert.equal(String(setting.parse(value)), String(fallback), where);
    }
  });
});
