/**
 * `/history`: the last fifteen minutes in figures, and what the last changes of the primary meant to clients, as one JSON
 * value. docs/status.md describes every field, and a test compares the two.
 */
import type { Rule } from '../cluster/election.ts';
import type { Interruption } from '../control/interruptions.ts';
import { type SampleLists, sampleMs } from '../control/samples.ts';
import { printable } from '../protocol/printable.ts';
import type { Snapshot } from './snapshot.ts';
import { most } from './status-of.ts';

export interface InterruptionStatus {
  readonly began: string;
  readonly ended: string | null;
  readonly lengthMs: number;
  readonly from: string;
  readonly to: string | null;
  readonly epoch: number;
  readonly rule: Rule;
  readonly reason: string;
  readonly sessionsEnded: number;
  readonly holds: number;
  readonly refused: number;
}

export interface HistoryStatus {
  readonly time: string;
  readonly everyMs: number;
  readonly samples: SampleLists;
  readonly interruptions: readonly InterruptionStatus[];
}

export function historyOf({ date, samples, interruptions }: Snapshot): HistoryStatus {
  const { probes, ...lists } = samples.lists;
  return {
    time: date.toISOString(),
    everyMs: sampleMs,
    samples: { ...lists, probes: probes.slice(0, most.candidates) },
    interruptions: interruptions.map(interruptionOf),
  };
}

function interruptionOf(of: Interruption): InterruptionStatus {
  return {
    began: of.began.toISOString(),
    ended: of.ended?.toISOString() ?? null,
    lengthMs: Math.round(of.lengthMs),
    from: of.from,
    to: of.to ?? null,
    epoch: of.epoch,
    rule: of.rule,
    reason: printable(of.reason, most.textLength),
    sessionsEnded: of.sessionsEnded,
    holds: of.holds,
    refused: of.refused,
  };
}
