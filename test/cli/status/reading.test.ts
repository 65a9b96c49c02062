import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusOf } from '../../../src/admin/status-of.ts';
import { explanation } from '../../../src/cli/explain/explanation.ts';
import { statusIn, told } from '../../../src/cli/status/reading.ts';
import { screen } from '../../../src/cli/status/screen.ts';
import { StartError } from '../../../src/errors.ts';
import { snapshotOf } from '../../admin/snapshot.ts';
import { primary, standby } from '../../cluster/scene.ts';

const good = statusOf(snapshotOf([primary('a'), standby('b')]));

test('a status of this version is told', () => {
  const status = statusIn(JSON.stringify(good), 'there');
  assert.equal(told(status, 'there', explanation), explanation(good));
});

test('what is no status is said to be none', () => {
  for (
    const text of ['', 'hello', 'null', '[]', '{}', '{"route":{"epoch":1}}', '{"route":null,"candidates":[]}']
  ) {
    assert.throws(() => statusIn(text, 'there'), StartError, text);
  }
});

test('a status that lacks a part, as of another version, is told or said to be another', () => {
  let others = 0;
  for (const key of Object.keys(good).filter((key) => !['route', 'candidates'].includes(key))) {
    const status = statusIn(JSON.stringify({ ...good, [key]: undefined }), 'there');
    for (const show of [explanation, () => screen(status, 'there').join()]) {
      try {
        told(status, 'there', show);
      } catch (error) {
        assert.ok(error instanceof StartError, key);
        assert.match(error.message, /the version that runs there/);
        others += 1;
      }
    }
  }
  assert.ok(others > 0, 'none lacks anything that matters');
});
