/**
 * What a person may make the elections forget: where they know that the rules insist on something that is gone for good.
 * Pure.
 */
import { type Memory, noMemory } from './election.ts';
import type { Observation } from './observation.ts';

export const forgettables = ['timeline', 'system'] as const;

export type Forgettable = (typeof forgettables)[number];

/** Timelines begin anew in another system, and its servers are others: with the system all else is forgotten. */
export function forget(memory: Memory, what: Forgettable): Memory {
  return what === 'system' ? noMemory : { ...memory, timeline: 0, followed: undefined };
}

/** Without the last answer of a server that answers no more: it is a witness of what is to be forgotten. */
export function withoutOldAnswer(observation: Observation): Observation {
  const { candidate, failures, failure, silentSince } = observation;
  return failures === 0 ? observation : { candidate, failures, failure, silentSince };
}
