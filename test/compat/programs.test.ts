/** The cheap part of scripts/compat: what everybody uses, through the executable, once in each way. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cellNames } from '../../scripts/lib/compat/cells.ts';
import { faultNames } from '../../scripts/lib/compat/faults.ts';
import { programs } from '../../scripts/lib/compat/programs/all.ts';
import { rowOf } from '../../scripts/lib/compat/run.ts';
import { Scene } from '../../scripts/lib/compat/scene.ts';
import { otherPostgres, postgresBinaries } from '../bed/postgres-binaries.ts';

/** Debian's programs refuse a server that is newer than they are. */
const server = otherPostgres().at(-1) ?? { version: postgresBinaries().version, bin: undefined };

const found = await Promise.all(
  programs.filter(({ isCheap }) => isCheap).map(async (program) => ({
    program,
    place: await program.find(server),
  })),
);

describe("other people's programs through the gateway", () => {
  let scene: Scene | undefined;
  before(async () => {
    scene = await Scene.start(server.bin);
  });
  after(() => scene?.close());

  for (const { program, place } of found) {
    const skip = 'absent' in place ? place.absent : false;
    test(
      `${program.name} does all that it can, and finds the new primary after a failover`,
      { skip },
      async () => {
        assert.ok(scene);
        const { outcomes } = await rowOf(scene, program, cellNames);
        assert.deepEqual(Object.entries(outcomes).filter(([, { verdict }]) => verdict === 'failed'), []);
        for (const fault of faultNames) assert.equal(outcomes[fault]?.verdict, 'passed');
      },
    );
  }
});
