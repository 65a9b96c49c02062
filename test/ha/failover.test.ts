import { after, before, describe, test } from 'node:test';
import { assertNothingLost } from './assert-nothing-lost.ts';
import { autoFailover } from './auto-failover.ts';
import { experiment } from './experiment.ts';
import { repmgr } from './repmgr.ts';
import { leftOut, openStage, type Stage } from './stage.ts';

for (const manager of [autoFailover, repmgr]) {
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
