/** The cheap part of scripts/compat: what everybody uses, through the executable, once in each way. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cellNames, isFault } from '../../scripts/lib/compat/cells.ts';
import { faultNames } from '../../scripts/lib/compat/faults.ts';
import { programs } from '../../scripts/lib/compat/programs/all.ts';
import { pgbouncerBehind } from '../../scripts/lib/compat/programs/pgbouncer-behind.ts';
import { rowOf } from '../../scripts/lib/compat/run.ts';
import { Scene } from '../../scripts/lib/compat/scene.ts';
import { otherPostgres, postgresBinaries } from '../bed/postgres-binaries.ts';

/** Debian's programs refuse a server that is newer than they are. */
const server = otherPostgres().at(-1) ?? { version: postgresBinaries().version, bin: undefined };

const bouncer = await pgbouncerBehind.find(server);

/** Frozen and stopped primaries look alike to the others, and take two seconds each. */
const everyFault = ['psql', 'node-postgres'];

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
        const faults = faultNames.filter((name) => name === 'kill' || everyFault.includes(program.name));
        const cells = cellNames.filter((cell) => !isFault(cell) || faults.includes(cell));
        const { outcomes } = await rowOf(scene, program, cells);
        assert.deepEqual(Object.entries(outcomes).filter(([, { verdict }]) => verdict === 'failed'), []);
        for (const fault of faults) assert.equal(outcomes[fault]?.verdict, 'passed');
      },
    );
  }

  test(
    'behind PgBouncer in transaction mode clients cannot take away what the probe has prepared',
    { skip: 'absent' in bouncer ? bouncer.absent : false },
    async () => {
      assert.ok(scene);
      const { outcomes } = await rowOf(scene, pgbouncerBehind, ['plain']);
      assert.deepEqual(outcomes.plain?.verdict, 'passed', JSON.stringify(outcomes));
    },
  );
});
