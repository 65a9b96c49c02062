/** Evidence that others have written: it is replayed and told, or refused with what is wrong. */
import { report } from '../../../../src/cli/replay.ts';
import { Evidence, outcomeOf } from '../../../../src/control/evidence.ts';
import { elect, noMemory } from '../../../../src/cluster/election.ts';
import { evidenceFile, readEvidence, writeEvidence } from '../../../../src/control/evidence-file.ts';
import { type Replay, replay } from '../../../../src/control/replay.ts';
import { failing, now, primary, rules, standby } from '../../../../test/cluster/scene.ts';
import { nearly } from '../json.ts';
import { must, mustEqual, type Target, textOf } from '../target.ts';

/** Two decisions of three servers. */
function example(): string {
  const evidence = new Evidence();
  let before = noMemory;
  for (
    const [step, observations] of [
      [primary('a'), standby('b'), standby('c')],
      [failing(primary('a'), 3), standby('b'), standby('c')],
      [failing(primary('a'), 3), primary('b'), standby('c')],
    ].entries()
  ) {
    const verdict = elect(observations, before, now + step, rules);
    evidence.note(
      { at: now + step, observations, rules, before, after: verdict.memory, outcome: outcomeOf(verdict) },
      true,
      true,
    );
    before = verdict.memory;
  }
  return writeEvidence(
    evidenceFile(evidence.decisions, {
      version: '1.2.3',
      clockMs: now + 10,
      date: new Date(1_700_000_000_000),
    }),
  );
}

const text = example();

export const evidence: Target = {
  name: 'evidence',
  files: [
    'src/control/evidence-file.ts',
    'src/control/replay.ts',
    'src/cli/replay.ts',
    'src/cluster/election.ts',
  ],
  seeds: [new TextEncoder().encode(text)],
  words: [
    'null',
    '-1',
    '1e999',
    '"x"',
    '{}',
    '[]',
    ',',
    '"primary"',
    '"FFFFFFFF/FFFFFFFF"',
    '{"toString":1}',
    '\\u0000',
    '\\u202e',
    '"+275760-09-13"',
    '99999999999999',
  ],
  share: 2,
  mostBytes: 20_000,
  made: (random) => new TextEncoder().encode(JSON.stringify(nearly(JSON.parse(text), random))),
  check(bytes) {
    let again: Replay;
    try {
      const file = readEvidence(textOf(bytes));
      again = replay(file);
      const told = report(file, again, []);
      must(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(told.replaceAll('\n', '')), 'nothing in it steers a terminal');
      mustEqual(readEvidence(writeEvidence(file)), file, 'what is written is read');
    } catch (error) {
      must(
        (error as Error).constructor === Error && /^(is|has) /.test((error as Error).message),
        `it is told what is wrong: ${String(error)}`,
      );
      must(!/\p{Cc}/u.test((error as Error).message), 'a message is one line');
    }
  },
};
