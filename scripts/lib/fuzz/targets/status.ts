/** What a program answers that is asked for its status: of any shape, it is shown or said to be none. */
import { statusOf } from '../../../../src/admin/status-of.ts';
import { explanation } from '../../../../src/cli/explain/explanation.ts';
import { statusIn, told } from '../../../../src/cli/status/reading.ts';
import { screen } from '../../../../src/cli/status/screen.ts';
import { noMemory } from '../../../../src/cluster/election.ts';
import { StartError } from '../../../../src/errors.ts';
import { snapshotOf } from '../../../../test/admin/snapshot.ts';
import { failing, primary, standby, unasked } from '../../../../test/cluster/scene.ts';
import { nearly } from '../json.ts';
import { oneOf } from '../mutate.ts';
import { attempted, bytesOfText, must, type Target, textOf } from '../target.ts';

const standbyPort = { fallback: true, maxLagMs: undefined, maxLagBytes: 50, lagFenceMs: undefined };
const servers = [primary('a'), standby('b'), failing(standby('c'), 3)];

/** Of a gateway that serves, with and without a standby port, and of those that do not. */
const good = [
  snapshotOf(servers),
  snapshotOf(servers, noMemory, { standbyPort }),
  snapshotOf(servers.slice(0, 1), noMemory, { standbyPort }),
  snapshotOf(servers.slice(1), noMemory, { standbyPort: { ...standbyPort, fallback: false } }),
  snapshotOf([unasked('a'), failing(primary('b'), 9)]),
  snapshotOf([primary('a'), primary('b')], noMemory, { isDraining: true }),
  snapshotOf(servers, noMemory, { paused: { by: 'uid 0', since: new Date(0), until: new Date(1) } }),
].map((snapshot) => JSON.stringify(statusOf(snapshot)));

export const status: Target = {
  name: 'status',
  files: [
    'src/cli/status/reading.ts',
    'src/cli/status/screen.ts',
    'src/cli/explain/explanation.ts',
    'src/cli/explain/outlook.ts',
    'src/cli/explain/readers.ts',
  ],
  seeds: bytesOfText(...good, '{"error":"no"}'),
  words: ['null', '-1', '1e999', '"x"', '{}', '[]', ',', 'true', '{"toString":1}', '\\u001b[2J', '\\u202e'],
  share: 2,
  mostBytes: 20_000,
  made: (random) => new TextEncoder().encode(JSON.stringify(nearly(JSON.parse(oneOf(random, good)), random))),
  check(bytes) {
    const status = attempted(() => statusIn(textOf(bytes), 'there'), StartError);
    if (status === undefined) return;
    for (const show of [explanation, (of: typeof status) => screen(of, 'there').join('\n')]) {
      const shown = attempted(() => told(status, 'there', show), StartError);
      must(
        shown === undefined || !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(shown.replaceAll('\n', '')),
        'nothing in it steers a terminal',
      );
    }
  },
};
