import type { Candidate } from './candidate.ts';
import { afterAnswer, type Distrust } from './distrust.ts';
import type { Lsn } from './lsn.ts';
import type { Mark } from './same-server.ts';

/** What a server said of itself. */
export interface Answer {
  /** When it arrived, in monotonic milliseconds. */
  readonly at: number;
  /** How long the probe took, connecting included. */
  readonly tookMs: number;
  /** The numeric address that answered; for a name, the one in use. */
  readonly host: string;
  readonly port: number;
  /**
   * The system identifier: the same on every server of one cluster, different everywhere else; undefined if the probe may
   * not see it.
   */
  readonly system: string | undefined;
  /**
   * The timeline that it writes on, or the newest that a standby is known to have; grows by one or more at a promotion.
   * A standby may have a newer one than it says, never an older one. Undefined if the probe may not see it.
   */
  readonly timeline: number | undefined;
  /**
   * When the server started, in microseconds since 1970, and after a space its port and addresses by its own settings:
   * the same under every name and address of one server, and of no other server of its system that tells the truth.
   */
  readonly startedAt: string;
  readonly inRecovery: boolean;
  readonly readOnly: boolean;
  /** Where it writes (primary) or the last position that it received or replayed (standby), if the probe may see that. */
  readonly lsn: Lsn | undefined;
  /** How far a standby has replayed; on a primary the same as `lsn`. */
  readonly replayedLsn: Lsn | undefined;
  /** It let the probe in and asked for nothing: no password, and no certificate that the probe has. */
  readonly letInUnasked?: boolean | undefined;
  /** The server that a standby streams from; undefined if there is none, or if the probe's role may not see it. */
  readonly upstream?: Upstream | undefined;
  /** Undefined unless another candidate has said the same start since the session began. */
  readonly mark?: Mark | undefined;
  /** What the probe would call and may not; undefined: nothing. */
  readonly lacks?: readonly Lack[] | undefined;
}

/** A function that the server does not let the probe call. */
export interface Lack {
  /** As GRANT names it. */
  readonly name: string;
  /** What is not known without it, in a sentence. */
  readonly loss: string;
  /** The statement that brings it back; undefined: no grant does. */
  readonly remedy: string | undefined;
}

/** A server as a standby's `primary_conninfo` names it: a name, an address, or the folder of a unix socket. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/**
 * Why a probe brought no answer. `silent` (black hole, frozen process) and `unreachable` (an error of the network) mean
 * that nothing came from the server; everything else is a sign of life of it. `starting`, `full` (no free slot or memory),
 * `credentials` and `error` are errors that PostgreSQL sent: it is up, and rejects the probe. `local` is a fault of this
 * machine, `malformed` an answer that PostgreSQL cannot give. With `untrusted` it is not known who answered: no TLS, or no certificate that the gateway trusts.
 */
export const failureKinds = [
  'unresolved',
  'silent',
  'unreachable',
  'refused',
  'disconnected',
  'slow',
  'starting',
  'full',
  'credentials',
  'error',
  'untrusted',
  'notPostgres',
  'malformed',
  'local',
] as const;

export type FailureKind = (typeof failureKinds)[number];

/**
 * Whether PostgreSQL is up there and does not let the probe ask: pg_isready's "rejecting connections", and a login
 * refused.
 */
export function isRejection(kind: FailureKind): boolean {
  return kind === 'starting' || kind === 'error' || kind === 'untrusted' || isLoginRefused(kind);
}

/**
 * Whether PostgreSQL is up there as it was, and only does not let the probe in: no free slot, a wrong password. One that
 * is starting is not as it was: it may come up as a standby. And an `error` of any other kind may be that of a pooler
 * whose server is gone.
 */
export function isLoginRefused(kind: FailureKind): boolean {
  return kind === 'full' || kind === 'credentials';
}

/** After these the server may have been started again, or be another one: what it said before tells nothing of it. */
function isRestart({ kind }: Failure): boolean {
  return kind === 'refused' || kind === 'starting' || kind === 'unresolved' || kind === 'notPostgres' ||
    kind === 'malformed';
}

/** After a longer time without an answer or a rejection, a server may have been started again without being seen. */
const longestGapMs = 60_000;

export interface Failure {
  readonly at: number;
  readonly kind: FailureKind;
  /** One sentence for people: what happened and what to do. */
  readonly message: string;
}

/** All that is known of one candidate. A value: the prober makes a new one at each probe. */
export interface Observation {
  readonly candidate: Candidate;
  /** The last answer, however old; whether it still counts is the election's business. */
  readonly answer?: Answer | undefined;
  /** How many probes failed since that answer. */
  readonly failures: number;
  /** How many of those say nothing against that answer: all up to the last rejection, and faults of this machine. */
  readonly harmless?: number | undefined;
  /** When the server last rejected a probe and still was the one that had answered; undefined as soon as it answers. */
  readonly rejectedAt?: number | undefined;
  /** Since that answer it may have been started again. */
  readonly isRestarted?: boolean | undefined;
  /** The last failure; undefined as soon as an answer follows. */
  readonly failure?: Failure | undefined;
  /** Since when nothing at all has come from it, in monotonic milliseconds; undefined while there are signs of life. */
  readonly silentSince?: number | undefined;
  /** What is held against it, because it took back what it had said; undefined if it never did. */
  readonly distrust?: Distrust | undefined;
}

/** Whether nothing that it said counts at `now`. */
export function isDistrusted({ distrust }: Observation, now: number): boolean {
  return distrust !== undefined && now < distrust.until;
}

/** Whether all candidates said the same in `after` as in `before`: only times and positions have moved on. */
export function isRepetition(before: readonly Observation[], after: readonly Observation[]): boolean {
  return before.length === after.length &&
    after.every((observation, index) => isSameAnswer(before[index]!, observation));
}

function isSameAnswer(before: Observation, after: Observation): boolean {
  if (before === after) return true;
  const [a, b] = [before.answer, after.answer];
  if (a === undefined || b === undefined || before.failures > 0 || after.failures > 0) return false;
  return before.candidate === after.candidate && a.system === b.system && a.timeline === b.timeline &&
    a.startedAt === b.startedAt && a.inRecovery === b.inRecovery && a.readOnly === b.readOnly &&
    a.host === b.host && a.port === b.port && a.mark === b.mark && namesOf(a.lacks) === namesOf(b.lacks) &&
    a.upstream?.host === b.upstream?.host && a.upstream?.port === b.upstream?.port;
}

function namesOf(lacks: readonly Lack[] = []): string {
  return lacks.map(({ name }) => name).join();
}

/** What is known of a candidate before its first probe. */
export function unobserved(candidate: Candidate): Observation {
  return { candidate, failures: 0 };
}

export function withAnswer(before: Observation, answer: Answer): Observation {
  const distrust = afterAnswer(before.distrust, before.answer, answer);
  return { candidate: before.candidate, answer, failures: 0, ...(distrust && { distrust }) };
}

export function withFailure(before: Observation, failure: Failure): Observation {
  const failures = before.failures + 1;
  const isRestarted = before.isRestarted || isRestart(failure) || undefined;
  const isHere = isLoginRefused(failure.kind) && !isRestarted && failure.at - knownAt(before) <= longestGapMs;
  const spared = (before.harmless ?? 0) + (failure.kind === 'local' ? 1 : 0);
  return {
    candidate: before.candidate,
    answer: before.answer,
    failures,
    harmless: isHere ? failures : spared,
    rejectedAt: isHere ? failure.at : before.rejectedAt,
    isRestarted,
    failure,
    silentSince: failure.kind === 'silent' || failure.kind === 'unreachable'
      ? (before.silentSince ?? failure.at)
      : undefined,
    distrust: before.distrust,
  };
}

/** When it was last known to be the server that gave the last answer: at that answer, or at a rejection after it. */
export function knownAt({ answer, rejectedAt }: Observation): number {
  return rejectedAt ?? answer?.at ?? -Infinity;
}

/** How many failed probes speak against the last answer. */
export function doubtsOf({ failures, harmless = 0 }: Observation): number {
  return failures - harmless;
}
