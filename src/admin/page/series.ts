/** The samples as the lists that charts draw. Pure. */
import type { HistoryStatus } from '../history.ts';

/** `null`: not known; a line has a gap there. */
export type Values = readonly (number | null)[];

export interface Series {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly sessions: Values;
  /** The most since the sample before. */
  readonly held: Values;
  readonly connectsPerSecond: Values;
  readonly upstreamPerSecond: Values;
  readonly downstreamPerSecond: Values;
  readonly probes: readonly { readonly candidate: string; readonly ms: Values }[];
}

export function seriesOf({ samples, everyMs }: HistoryStatus): Series {
  const { timeMs, sessions, held, accepted, upstreamBytes, downstreamBytes, probes } = samples;
  // Where no sample was taken for long, as on a machine that was paused, a line would tell of what nobody saw.
  const gaps = timeMs.flatMap((time, index) =>
    time - (timeMs[index - 1] ?? time) > 3 * everyMs ? [index] : []
  );
  const list = (values: Values): Values =>
    values.flatMap((value, index) => gaps.includes(index) ? [null, value] : [value]);
  const times = timeMs.flatMap((time, index) => gaps.includes(index) ? [time - 1, time] : [time]);
  return {
    times: times.map((time) => time / 1000),
    sessions: list(sessions),
    held: list(held),
    connectsPerSecond: list(perSecond(accepted, timeMs)),
    upstreamPerSecond: list(perSecond(upstreamBytes, timeMs)),
    downstreamPerSecond: list(perSecond(downstreamBytes, timeMs)),
    probes: probes.map(({ candidate, ms }) => ({ candidate, ms: list(ms) })),
  };
}

function perSecond(counts: readonly number[], timeMs: readonly number[]): Values {
  return counts.map((count, index) => {
    const [before, then] = [counts[index - 1], timeMs[index - 1]];
    const seconds = ((timeMs[index] ?? 0) - (then ?? 0)) / 1000;
    return before === undefined || seconds <= 0 ? null : Math.max(0, count - before) / seconds;
  });
}

/** That of the last sample: what is not known now is not told by what was known once. */
export function latest(values: Values): number | null {
  return values.at(-1) ?? null;
}

export function greatest(values: Values): number {
  return values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
}
