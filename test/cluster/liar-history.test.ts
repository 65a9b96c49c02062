/** Pasts of a cluster in which one candidate lies, at random. A failure says its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elect, noMemory } from '../../src/cluster/election.ts';
import { longestStep } from '../../src/cluster/leap.ts';
import { type Answer, type Observation, withAnswer, withFailure } from '../../src/cluster/observation.ts';
import { Dice } from './history.ts';
import { answer, rules, unasked } from './scene.ts';

const names = ['a', 'b', 'c'];
const newest = 2 ** 32 - 1;

/** What the honest ones say, after some promotions and starts; each start is later than all before it. */
class HonestCluster {
  timeline = 1;
  primary = 'a';
  #starts = new Map(names.map((name, index) => [name, 1_000_000 + index]));
  #timelines = new Map(names.map((name) => [name, 1]));

  /** The old primary is a standby at once, and others know of the new timeline at some time. */
  promote(name: string, now: number): void {
    this.#starts.set(this.primary, 1_000_000 + now * 1000);
    this.primary = name;
    this.timeline += 1;
    this.#timelines.set(name, this.timeline);
  }

  hear(name: string): void {
    this.#timelines.set(name, this.timeline);
  }

  answerOf(name: string, at: number): Answer {
    return answer(name, {
      at,
      host: `192.0.2.${names.indexOf(name) + 1}`,
      timeline: this.#timelines.get(name) as number,
      startedAt: `${this.#starts.get(name)} 5432 *`,
      inRecovery: name !== this.primary,
      mark: { own: name, since: at - 100, seen: [name] },
    });
  }
}

/** A leap, whatever its role; or the start of the last primary; or the truth. */
function lie(dice: Dice, at: number, primary: Answer): Answer {
  const place = { at, host: '192.0.2.9', mark: { own: 'liar', since: at - 100, seen: ['liar'] } };
  const role = { inRecovery: dice.chance(50), readOnly: dice.chance(20) };
  const own = answer('liar', { ...place, ...role, startedAt: '1000009 5432 *' });
  if (dice.chance(20)) return { ...primary, ...place, tookMs: 1 };
  if (dice.chance(20)) return { ...own, inRecovery: true, timeline: primary.timeline };
  const least = primary.timeline! + longestStep + 2;
  return { ...own, timeline: dice.chance(50) ? newest : dice.between(least, least + 100) };
}

test('one candidate that lies never takes the place of a primary that is up and in company', () => {
  let [lies, promotions] = [0, 0];
  for (let seed = 1; seed <= 1000; seed += 1) {
    const dice = new Dice(seed);
    const cluster = new HonestCluster();
    const isListedFirst = dice.chance(50);
    let honest: readonly Observation[] = names.map(unasked);
    let liar = unasked('liar');
    let memory = noMemory;
    for (let now = 1000; now < 30_000; now += dice.between(50, 500)) {
      const before = cluster.answerOf(cluster.primary, now);
      if (now > 1000 && dice.chance(3)) {
        cluster.promote(dice.oneOf(names.filter((name) => name !== cluster.primary)), now);
        promotions += 1;
      }
      if (dice.chance(10)) cluster.hear(dice.oneOf(names));
      honest = honest.map((seen) => withAnswer(seen, cluster.answerOf(seen.candidate.name, now)));
      if (dice.chance(5)) liar = withFailure(liar, { at: now, kind: 'disconnected', message: 'is gone' });
      else if (now > 1000) {
        liar = withAnswer(liar, lie(dice, now, before));
        lies += 1;
      }
      const observations = isListedFirst ? [liar, ...honest] : [...honest, liar];
      const verdict = elect(now > 1000 ? observations : honest, memory, now, rules);
      assert.equal(
        verdict.primary?.candidate.name,
        cluster.primary,
        `seed ${seed} at ${now}: ${verdict.reason}`,
      );
      memory = verdict.memory;
    }
  }
  assert.ok(lies > 50_000 && promotions > 1000, `${lies} lies, ${promotions} promotions`);
});
