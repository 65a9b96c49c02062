/**
 * The death verdict. A server that vanished without a packet leaves sessions that hang until TCP gives up on them, a
 * quarter of an hour later; after enough silence they are better ended by us. Pure, like the election.
 */
import type { Answer, Observation } from './observation.ts';

export interface Dead {
  readonly name: string;
  /** Where its sessions are. */
  readonly server: Answer;
  readonly silentMs: number;
}

/** Those that have been silent for `deadAfterMs`: no packet, or word from the network that there is no way. */
export function silentFor(
  observations: readonly Observation[],
  now: number,
  deadAfterMs: number,
): readonly Dead[] {
  return observations.flatMap(({ candidate, answer, silentSince }) =>
    answer !== undefined && silentSince !== undefined && now - silentSince >= deadAfterMs
      ? [{ name: candidate.name, server: answer, silentMs: Math.round(now - silentSince) }]
      : []
  );
}
