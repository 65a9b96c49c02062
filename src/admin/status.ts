/**
 * The fields of `/status`: the evidence, the verdict and what follows from it for clients, as one JSON value. docs/status.md
 * describes every field, and a test compares the two. There is no secret in it: credentials never come here.
 */
import type { Rule } from '../cluster/election.ts';
import type { Standing } from '../cluster/finding.ts';
import type { Lag } from '../cluster/lag.ts';
import type { FailureKind } from '../cluster/observation.ts';
import type { CloseReason } from '../contract/counters.ts';
import type { DrillKind } from '../control/drill.ts';
import type { Entry } from '../control/journal.ts';
import type { TurnedAwayCounts } from '../control/turned-away.ts';

/** The gateway's own limits: those that apply, not those that were configured. */
export interface Limits {
  readonly maxSessions: number;
  readonly maxClients: number;
  readonly maxHeld: number;
  readonly maxPerAddress: number | null;
  readonly ratePerAddress: { readonly perSecond: number; readonly burst: number } | null;
  readonly idleTimeoutMs: number | null;
  readonly maxBufferedBytes: number | null;
  readonly holdMs: number;
  readonly deadAfterMs: number;
}

export interface AnswerStatus {
  readonly ageMs: number;
  readonly tookMs: number;
  readonly address: string;
  readonly system: string | null;
  readonly timeline: number | null;
  readonly lsn: string | null;
  readonly replayedLsn: string | null;
  readonly inRecovery: boolean;
  readonly readOnly: boolean;
  readonly startedAt: string | null;
  readonly lacks: readonly LackStatus[];
}

export interface LackStatus {
  readonly name: string;
  readonly loss: string;
  readonly remedy: string | null;
}

export interface CandidateStatus {
  readonly name: string;
  readonly standing: Standing;
  readonly note: string;
  readonly answer: AnswerStatus | null;
  readonly failures: number;
  readonly failure: { readonly ageMs: number; readonly kind: FailureKind; readonly message: string } | null;
  readonly silentMs: number | null;
  readonly lag: Lag | null;
  readonly standbyPort: { readonly weight: number; readonly out: string | null } | null;
}

export interface RouteStatus {
  readonly epoch: number;
  readonly since: string | null;
  readonly sinceMs: number | null;
  readonly primary: { readonly candidate: string; readonly address: string } | null;
  readonly standbys: readonly string[];
  readonly rule: Rule | null;
  readonly reason: string;
  readonly splitBrain: boolean;
}

export interface ClientStatus {
  readonly active: number;
  readonly accepted: number;
  readonly sessions: readonly { readonly server: string; readonly sessions: number }[];
  readonly held: number;
  readonly holds: number;
  readonly fallbacks: number;
  readonly bufferedBytes: number | null;
  readonly turnedAway: TurnedAwayCounts;
  readonly recently: { readonly ms: number; readonly turnedAway: TurnedAwayCounts };
  readonly closes: Readonly<Record<CloseReason, number>>;
}

export interface RuleStatus {
  readonly failAfter: number;
  readonly maxAgeMs: number;
  readonly splitBrain: 'incumbent' | 'refuse';
  readonly system: string | null;
  readonly newestTimeline: number;
}

export interface StandbyPortStatus {
  readonly fallback: boolean;
  readonly maxLagMs: number | null;
  readonly maxLagBytes: number | null;
  readonly lagFenceMs: number | null;
}

export interface WorkerStatus {
  readonly stuckSince: string | null;
  readonly stuckMs: number | null;
}

export interface Status {
  readonly version: string;
  readonly runtime: string;
  readonly engine: string;
  readonly time: string;
  readonly startedAt: string;
  readonly uptimeMs: number;
  readonly draining: boolean;
  readonly workerSilentMs: number;
  readonly drill: { readonly kind: DrillKind; readonly leftMs: number } | null;
  readonly paused: { readonly by: string; readonly since: string; readonly until: string } | null;
  readonly config: { readonly readAt: string; readonly lastReloadFailed: boolean };
  readonly workers: readonly WorkerStatus[];
  readonly route: RouteStatus;
  readonly candidates: readonly CandidateStatus[];
  readonly clients: ClientStatus;
  readonly rules: RuleStatus;
  readonly limits: Limits;
  readonly standbyPort: StandbyPortStatus | null;
  readonly failovers: number;
  readonly splitBrainAlarms: number;
  readonly journal: readonly Entry[];
}
