import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isJudged, withoutStall } from '../../src/cluster/stall.ts';
import { failing, now, primary, standby, unasked } from './scene.ts';

const stall = { endedAt: now, judgeAt: now + 1800 };
const since = { at: now };

describe('after a stall', () => {
  test('it is time to judge when each candidate has answered or failed since', () => {
    const answered = primary('a', 1, since);
    const failed = {
      ...standby('b'),
      failures: 1,
      failure: { at: now, kind: 'refused', message: '' },
    } as const;
    assert.equal(isJudged([answered, failed], stall, now + 1), true);
    assert.equal(isJudged([answered, standby('b')], stall, now + 1), false);
    assert.equal(isJudged([answered, unasked('c')], stall, now + 1), false);
  });

  test('it is time to judge when a probe would have failed', () => {
    assert.equal(isJudged([unasked('c')], stall, now + 1799), false);
    assert.equal(isJudged([unasked('c')], stall, now + 1800), true);
  });

  test('a silence is as long as someone listened', () => {
    const silent = failing(primary('a'), 1, 'silent');
    const [shorter] = withoutStall([silent], { ...stall, endedAt: silent.silentSince! + 500 });
    assert.equal(shorter!.silentSince, silent.silentSince! + 500);
    assert.deepEqual(withoutStall([silent], { ...stall, endedAt: silent.silentSince! }), [silent]);
    const speaking = primary('b');
    assert.deepEqual(withoutStall([speaking], stall), [speaking]);
  });
});
