import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { historyOf } from '../../src/admin/history.ts';
import { pagesOf } from '../../src/admin/pages.ts';
import { maxCandidates } from '../../src/cluster/candidate.ts';
import { type Interruption, mostInterruptions } from '../../src/control/interruptions.ts';
import { ProbeTimes } from '../../src/control/probe-times.ts';
import { sampleCount, sampleMs, Samples } from '../../src/control/samples.ts';
import { primary } from '../cluster/scene.ts';
import { question } from './question.ts';
import { counted, paths, snapshotOf } from './snapshot.ts';

const interruption: Interruption = {
  began: new Date(1_700_000_000_000),
  ended: undefined,
  lengthMs: 1234.5678,
  from: 'a',
  to: undefined,
  epoch: 8,
  rule: 'noPrimary',
  reason: `no candidate is primary ${'x'.repeat(10_000)}`,
  sessionsEnded: 1,
  holds: 2,
  refused: 3,
};

/** Rings that are full, with so many candidates. */
function fullSamples(count: number): Samples {
  const probes = new ProbeTimes();
  const samples = new Samples(
    [counted({ accepted: 1e15, upstreamBytes: 1e15, downstreamBytes: 1e15 })],
    probes,
  );
  for (let sample = 0; sample < sampleCount; sample++) {
    probes.note(
      Array.from(
        { length: count },
        (_, index) => primary(`host${index}.example:5432`, 1, { tookMs: 1234.567 }),
      ),
    );
    samples.note(sample * sampleMs);
  }
  return samples;
}

const history = (candidates: number, interruptions: readonly Interruption[]) => {
  const snapshot = snapshotOf([primary('a')], undefined, { samples: fullSamples(candidates), interruptions });
  return historyOf(snapshot);
};

describe('/history', () => {
  test('tells what an interruption that goes on has meant so far', () => {
    const [one] = history(1, [interruption]).interruptions;
    const { began, ended, lengthMs, to, sessionsEnded, holds, refused } = one!;
    assert.deepEqual([began, ended, lengthMs, to], ['2023-11-14T22:13:20.000Z', null, 1235, null]);
    assert.deepEqual([sessionsEnded, holds, refused], [1, 2, 3]);
  });

  test('is bounded, however many candidates there are and whatever they say', () => {
    const bytes = JSON.stringify(history(300, Array(mostInterruptions).fill(interruption))).length;
    assert.ok(bytes < 256 * 1024, `${bytes} bytes`);
    assert.equal(history(300, []).samples.probes.length, maxCandidates);
  });

  test('is served as JSON', () => {
    const { type, body } = pagesOf(() => snapshotOf([primary('a')]))['/history']!(question('/history'), '');
    assert.equal(type, 'application/json');
    assert.equal(JSON.parse(body).everyMs, sampleMs);
  });

  test('has exactly the fields and the bounds that docs/status.md tells', () => {
    const [, docs = ''] = readFileSync(new URL('../../docs/status.md', import.meta.url), 'utf8').split(
      '## `/history`',
    );
    const described = [...docs.matchAll(/^\| `([^`]+)` \|/gm)].map(([, path]) => path);
    assert.deepEqual([...new Set(paths(history(1, [interruption])))].toSorted(), described.toSorted());
    const text = docs.replace(/\s+/g, ' ');
    assert.ok(text.includes(`the last ${mostInterruptions} changes of the primary`));
    assert.ok(text.includes(`every five seconds, ${sampleCount} are kept`) && sampleMs === 5_000);
  });
});
