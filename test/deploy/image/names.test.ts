import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const repository = join(import.meta.dirname, '../../..');
const read = (name: string): string => readFileSync(join(repository, name), 'utf8');
const { version } = JSON.parse(read('package.json'));
const names = JSON.parse(read('deploy/names.json'));

test('docs/container.md names the image under its name, and this version of it', () => {
  const found = [...read('docs/container.md').matchAll(/\b[a-z]+\.io\/[\w./-]+(?::([\w.]+))?/g)];
  assert.ok(found.length > 0);
  for (const [text, tag] of found) {
    assert.equal(text, tag === undefined ? names.image : `${names.image}:${version}`);
  }
});

test('the Dockerfile says in its labels which version it is and where it comes from', () => {
  const labels = new Map(
    [...read('Dockerfile').matchAll(/org\.opencontainers\.image\.(\w+)="(.*?)"/g)].map(([, name, value]) =>
      [name, value] as const
    ),
  );
  assert.equal(labels.get('version'), version);
  assert.equal(labels.get('source'), names.repository);
  assert.equal(labels.get('documentation'), `${names.repository}/blob/main/docs/container.md`);
});
