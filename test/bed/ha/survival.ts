/** What every manager has to do, as a test. Each is a file of its own, so that they run side by side. */
import { after, before, describe, test } from 'node:test';
import { assertNothingLost } from './assert-nothing-lost.ts';
import { experiment } from './experiment.ts';
import type { Manager } from './manager.ts';
import { leftOut, openStage, type Stage } from './stage.ts';

export function survivesItsPrimary(manager: Manager): void {
  describe(`behind ${manager.name}`, { skip: leftOut(manager) }, () => {
    let stage: Stage;

    before(async () => {
      stage = await openStage(manager);
    });
    after(() => stage?.close());

    test('the node of the primary dies: nothing that was acknowledged is lost, and clients go on', async () => {
      assertNothingLost(await experiment(stage, { faults: ['kill-node'], clients: 20 }));
    });
  });
}
