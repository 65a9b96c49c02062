/** What once broke something breaks nothing any more, on any runtime: whole, byte by byte, and in other pieces. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { errorOf } from '../../scripts/lib/fuzz/engine.ts';
import { keptFolder, keptOf } from '../../scripts/lib/fuzz/kept.ts';
import { targets } from '../../scripts/lib/fuzz/targets.ts';

const isNode = !('Bun' in globalThis) && !('Deno' in globalThis);

for (const target of targets.filter(({ isNodeOnly }) => isNode || !isNodeOnly)) {
  test(`${target.name} takes all that broke it once`, async () => {
    try {
      for (const { file, bytes } of keptOf(target.name)) {
        for (let cut = 0; cut < 20; cut++) {
          assert.equal(await errorOf(target, bytes, 1, cut), undefined, file);
        }
      }
    } finally {
      await target.close?.();
    }
  });
}

test('all that is kept belongs to a target', () => {
  const names = targets.map(({ name }) => name);
  assert.deepEqual(readdirSync(keptFolder).filter((name) => !names.includes(name)), []);
});
