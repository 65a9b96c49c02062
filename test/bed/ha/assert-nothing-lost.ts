import assert from 'node:assert/strict';
import type { Experiment } from './experiment.ts';

/** What must hold for the gateway's clients whatever happened. How long it took is no matter of right or wrong. */
export function assertNothingLost({ outcomes, verdicts, trouble }: Experiment): void {
  assert.equal(trouble, undefined);
  const { gateway } = verdicts;
  assert.ok(gateway);
  assert.deepEqual(gateway.lost, [], 'acknowledged writes are gone');
  assert.deepEqual(gateway.doubles, [], 'an old primary took writes');
  assert.ok(gateway.acknowledged > outcomes.length, 'clients wrote');
  for (const { side, fault, hung } of outcomes) {
    if (side === 'gateway') assert.equal(hung, 0, `after ${fault} some clients never wrote again`);
  }
}
