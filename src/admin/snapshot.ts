/** What the HTTP port shows of a running gateway, read at the moment of a request. */
import type { Rules, Verdict } from '../cluster/election.ts';
import type { Observation } from '../cluster/observation.ts';
import type { RotationEntry, RotationRules } from '../cluster/rotation.ts';
import type { Counters } from '../contract/counters.ts';
import type { Route } from '../contract/messages.ts';
import type { ServerSessions } from '../control/server-slots.ts';
import type { Entry } from '../control/journal.ts';
import type { Drill } from '../control/drill.ts';
import type { History } from '../control/history.ts';
import type { Interruption } from '../control/interruptions.ts';
import type { Paused } from '../control/pause.ts';
import type { ProbeTimes } from '../control/probe-times.ts';
import type { WorkerState } from '../control/worker-watch.ts';
import type { Samples } from '../control/samples.ts';
import type { Limits } from './status.ts';

/** How the standby port is set up. */
export interface StandbyPort extends Omit<RotationRules, 'weights'> {
  /** The primary stands in where there is no usable standby. */
  readonly fallback: boolean;
}

export interface Snapshot {
  /** On the clock of the observations, in monotonic milliseconds. */
  readonly now: number;
  /** The same moment. */
  readonly date: Date;
  readonly counters: readonly Counters[];
  readonly sessions: readonly ServerSessions[];
  readonly observations: readonly Observation[];
  readonly verdict: Verdict | undefined;
  readonly route: Route;
  readonly rotation: readonly RotationEntry[];
  /** Undefined: there is none. */
  readonly standbyPort: StandbyPort | undefined;
  /** Oldest first. */
  readonly journal: readonly Entry[];
  readonly probes: ProbeTimes;
  readonly history: History;
  /** Oldest first. */
  readonly interruptions: readonly Interruption[];
  readonly samples: Samples;
  readonly rules: Rules;
  readonly limits: Limits;
  /** Verdicts that differed from the one before. */
  readonly verdicts: number;
  /** Exceptions in the control plane itself, ever. */
  readonly faults: number;
  readonly isDraining: boolean;
  /** The one that goes on. */
  readonly drill: Drill | undefined;
  /** New clients wait, as somebody has asked for. */
  readonly paused: Paused | undefined;
  /** The start counts as one. `at` is the time of the last one that was successful. */
  readonly lastReload: { readonly isSuccessful: boolean; readonly at: Date };
  /** Empty where there are no worker threads. */
  readonly workers: readonly WorkerState[];
  readonly startedAt: Date;
  /** By the monotonic clock: that of the wall may have been set since. */
  readonly uptimeMs: number;
  readonly version: string;
  readonly runtime: string;
  readonly engine: string;
}
