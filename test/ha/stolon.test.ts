import { after, before, describe, test } from 'node:test';
import { assertNothingLost } from '../bed/ha/assert-nothing-lost.ts';
import { experiment } from '../bed/ha/experiment.ts';
import { leftOut, openStage, type Stage } from '../bed/ha/stage.ts';
import { stolonWith, usualPauses } from '../bed/ha/stolon.ts';

/** Its own would take three minutes: keepers and sentinel look every second, and a dead keeper counts as one after 20. */
const stolon = stolonWith({ ...usualPauses, sleepInterval: 1 });

describe('behind Stolon, acted out', { skip: leftOut(stolon) }, () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage(stolon);
  });
  after(() => stage?.close());

  test('failkeeper, and a node that dies and rejoins: nothing that was acknowledged is lost, and clients go on', async () => {
    assertNothingLost(await experiment(stage, { faults: ['switchover', 'kill-node'], clients: 20 }));
  });
});
