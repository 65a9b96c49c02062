/**
 * What is known after a time in which the gateway itself did not run. All of it is too old then, and not for a fault of
 * a server: each candidate is asked once more before anything is decided. Pure, like the election.
 */
import type { Observation } from './observation.ts';

export interface Stall {
  /** When it was over: questions from then on count. */
  readonly endedAt: number;
  /** By then a server that answers has answered. */
  readonly judgeAt: number;
}

/** Whether it is time to judge: each candidate has answered or failed since. */
export function isJudged(
  observations: readonly Observation[],
  { endedAt, judgeAt }: Stall,
  now: number,
): boolean {
  return now >= judgeAt || observations.every(({ answer, failure }) => {
    return Math.max(answer?.at ?? -Infinity, failure?.at ?? -Infinity) >= endedAt;
  });
}

/** The time in which nobody listened is no silence of a server. */
export function withoutStall(
  observations: readonly Observation[],
  { endedAt }: Stall,
): readonly Observation[] {
  return observations.map((observation) =>
    observation.silentSince !== undefined && observation.silentSince < endedAt
      ? { ...observation, silentSince: endedAt }
      : observation
  );
}
