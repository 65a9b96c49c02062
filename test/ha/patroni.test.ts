import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { experiment } from '../bed/ha/experiment.ts';
import { patroni } from '../bed/ha/patroni.ts';
import { type Bench, complaintsIn, pgbenchPerTransaction } from '../bed/ha/pgbench.ts';
import { primariesOf, untilWhole } from '../bed/ha/servers.ts';
import { leftOut, openStage, type Stage } from '../bed/ha/stage.ts';
import { waitFor } from '../bed/wait-for.ts';
import { assertNothingLost } from '../bed/ha/assert-nothing-lost.ts';

/** PostgreSQL's log of a session that a shutdown has ended. */
const terminated = /FATAL: +terminating connection due to administrator command/g;

describe('behind Patroni', { skip: leftOut(patroni) }, () => {
  let stage: Stage;

  before(async () => {
    // On a busy machine a switchover may take longer than clients wait by default.
    stage = await openStage(patroni, { settings: { HOLD_MS: '60000' } });
  });
  after(() => stage?.close());

  test('a switchover by its REST API is no error for whoever connects meanwhile', async () => {
    const { managed, gateway } = stage;
    const first = await untilWhole(managed);
    const logged = managed.serverLog(first).length;
    const script =
      '\\set id random(1, 1000000000000)\ninsert into register values (:id) on conflict do nothing;\n';
    const benches: Bench[] = [];
    let isOver = false;
    // Rounds, because nobody knows how long the switchover takes.
    const work = (async () => {
      while (!isOver) benches.push(await pgbenchPerTransaction(gateway.port, script, 8, 4));
    })();
    try {
      await managed.switchover();
      const isDone = async () => (await primariesOf(managed.nodes)).some((node) => node !== first);
      await waitFor('a successor', isDone, { deadlineMs: 90_000 });
    } finally {
      isOver = true;
      await work;
    }
    assert.ok(benches.some(({ transactions }) => transactions > 0));
    const ended = managed.serverLog(first).slice(logged).match(terminated)?.length ?? 0;
    const said = benches.map((bench) => bench.said).join('');
    assert.deepEqual(complaintsIn(said, ended), [], `${ended} sessions were ended by the server; ${said}`);
    await untilWhole(managed);
  });

  test('kill -9 of the server, and a frozen node: nothing that was acknowledged is lost', async () => {
    assertNothingLost(await experiment(stage, { faults: ['kill', 'freeze'], clients: 20 }));
  });
});
