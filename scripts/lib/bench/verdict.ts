/** What may be said of a goal after so many rounds, and of all goals together. Pure. */
import type { Spread } from './statistics.ts';

export const verdicts = ['met', 'missed', 'within noise', 'not enough rounds', 'not measured'] as const;
export type Verdict = (typeof verdicts)[number];
export type Sign = 'at most' | 'at least';

/**
 * Of one figure there is no range, and two lie on the same side by luck every second time. Three still do once in
 * four: that is what `oddsOf` is for.
 */
export const leastRounds = 3;

/** By the whole range, not by the median: rounds on both sides of the bound say that noise decides. */
export function verdictOf(sign: Sign, bound: number, measured: Spread | undefined): Verdict {
  if (measured === undefined) return 'not measured';
  if (measured.count < leastRounds) return 'not enough rounds';
  const isRight = (value: number) => sign === 'at most' ? value <= bound : value >= bound;
  const ends = [measured.min, measured.max];
  if (ends.every(isRight)) return 'met';
  return ends.some(isRight) ? 'within noise' : 'missed';
}

/** One time in so many, all of these rounds fall on the same side of a bound that is exactly the truth. */
function oddsOf(rounds: number): number {
  return 2 ** (rounds - 1);
}

/** How verdicts are reached, for whoever reads them. */
export function ruleText(rounds: number): string {
  const rule =
    'A goal is met where every round meets it, missed where every round misses it, and within noise ' +
    `otherwise; fewer than ${leastRounds} rounds give no verdict.`;
  if (rounds < leastRounds) return rule;
  return `${rule} Where the truth is exactly the bound, ${rounds} rounds still agree by luck one time in ${
    oddsOf(rounds)
  }.`;
}

export type Tally = Readonly<Record<Verdict, number>>;

export function tallyOf(list: readonly Verdict[]): Tally {
  const counts = verdicts.map((verdict) => [verdict, list.filter((one) => one === verdict).length]);
  return Object.fromEntries(counts) as Tally;
}

/** `9 met, 5 missed, 3 within noise, of 17 goals, in 5 rounds`: each class that there is. */
export function tallyText(tally: Tally, rounds: number): string {
  const classes = verdicts.filter((verdict) => tally[verdict] > 0).map((verdict) =>
    `${tally[verdict]} ${verdict === 'not enough rounds' ? `with fewer than ${leastRounds} rounds` : verdict}`
  );
  const all = verdicts.reduce((sum, verdict) => sum + tally[verdict], 0);
  return [...classes, `of ${all} goals`, `in ${roundsText(rounds)}`].join(', ');
}

export function roundsText(rounds: number): string {
  return rounds === 1 ? '1 round' : `${rounds} rounds`;
}
