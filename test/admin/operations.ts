/** A gateway that does all that it is told, to no effect. */
import type { Operations } from '../../src/admin/commands.ts';
import { noMemory } from '../../src/cluster/election.ts';
import { evidenceFile } from '../../src/control/evidence-file.ts';
import { failing, primary, standby } from '../cluster/scene.ts';
import { snapshotOf } from './snapshot.ts';

const snapshot = snapshotOf([primary('a'), standby('b'), failing(standby('c'), 3)]);

export const idleOperations: Operations = {
  snapshot: () => snapshot,
  drain() {},
  setLogLevel() {},
  judge: () => undefined,
  survey: () => Promise.resolve({ count: 0, rows: '', silent: [] }),
  pause: { begin: (_, by) => ({ by, since: new Date(0), until: new Date(1) }), end: () => true },
  reload: () => Promise.resolve({ changes: [], warnings: [] } as never),
  evidence: () => evidenceFile([], { version: '1', clockMs: 0, date: new Date(0) }),
  hasDrills: () => true,
  rehearse() {},
  memory: () => noMemory,
  forget() {},
  passSockets: () => ({ primary: 0, standby: 0 }),
  takenOver() {},
};
