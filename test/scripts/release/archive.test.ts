import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { tarGz, zip } from '../../../scripts/lib/release/archive.ts';
import { readmeAt } from '../../../scripts/lib/release/makers.ts';
import { notesOf } from '../../../scripts/lib/release/release.ts';

const folder = mkdtempSync(join(tmpdir(), 'archive-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The same content, made in another order and with other rights. */
function content(name: string, files: readonly string[], mode: number): string {
  const parent = join(folder, name);
  mkdirSync(join(parent, 'inside'), { recursive: true });
  for (const file of files) writeFileSync(join(parent, 'inside', file), `text of ${file}`);
  for (const file of files) chmodSync(join(parent, 'inside', file), mode);
  return parent;
}

const lacking = (tool: string): string | false => {
  const { error, stdout } = spawnSync(tool, ['--version'], { encoding: 'utf8' });
  return error === undefined && (tool !== 'tar' || stdout.includes('GNU'))
    ? false
    : `there is no ${tool} of this kind`;
};

for (const [kind, pack, skip] of [['tar.gz', tarGz, lacking('tar')], ['zip', zip, lacking('zip')]] as const) {
  test(`a ${kind} of the same content has the same bytes`, { skip }, async () => {
    const one = content(`one ${kind}`, ['a', 'b'], 0o600);
    const other = content(`other ${kind}`, ['b', 'a'], kind === 'zip' ? 0o600 : 0o640);
    const [first, second] = [
      await pack(one, 'inside', 1_700_000_000),
      await pack(other, 'inside', 1_700_000_000),
    ];
    assert.equal(first, `inside.${kind}`);
    assert.ok(readFileSync(join(one, first)).equals(readFileSync(join(other, second))));
    const later = await pack(other, 'inside', 1_700_000_002);
    assert.ok(!readFileSync(join(one, first)).equals(readFileSync(join(other, later))));
  });
}

test('the notes are one section of the changelog', () => {
  const changelog =
    '# Changelog\n\nText.\n\n## Unreleased\n\n* new\n\n## [1.1.0] - 2030-01-01\n\n### Added\n\n* one\n\n## 1.0.0\n\n* zero\n';
  assert.equal(notesOf(changelog, '1.1.0'), '### Added\n\n* one');
  assert.equal(notesOf(changelog, '1.0.0'), '* zero');
  assert.equal(notesOf(changelog, '1.1'), undefined);
});

test('links of the README beside an executable lead to the repository', () => {
  const text = '[a](docs/a.md#x) [b](https://example.org) [c](#top)';
  assert.equal(
    readmeAt({ repository: 'https://host/repo', version: '1.0.0' }, text),
    '[a](https://host/repo/blob/v1.0.0/docs/a.md#x) [b](https://example.org) [c](#top)',
  );
});
