/** What `/status` says of a gateway, from what is known of it now. */
import { maxCandidates } from '../cluster/candidate.ts';
import { formatLsn } from '../cluster/lsn.ts';
import type { Answer, Lack, Observation } from '../cluster/observation.ts';
import { type CloseReason, closeReasons, total } from '../contract/counters.ts';
import type { Entry } from '../control/journal.ts';
import { turnedAway } from '../control/turned-away.ts';
import { longestSilenceMs, type WorkerState } from '../control/worker-watch.ts';
import { printable } from '../protocol/printable.ts';
import { addressText, serverAddress } from '../runtime/addresses.ts';
import type { Snapshot, StandbyPort } from './snapshot.ts';
import type {
  AnswerStatus,
  CandidateStatus,
  ClientStatus,
  LackStatus,
  RouteStatus,
  StandbyPortStatus,
  Status,
  WorkerStatus,
} from './status.ts';

/** Bounds of what is shown: a list of candidates may be long, and a server's message too. */
export const most = { candidates: maxCandidates, entries: 10, textLength: 500 } as const;

export function statusOf(of: Snapshot): Status {
  const { rules, verdict, history } = of;
  return {
    version: of.version,
    runtime: of.runtime,
    engine: of.engine,
    time: of.date.toISOString(),
    startedAt: of.startedAt.toISOString(),
    uptimeMs: rounded(of.uptimeMs),
    draining: of.isDraining,
    drill: of.drill === undefined ? null : { kind: of.drill.kind, leftMs: rounded(of.drill.until - of.now) },
    workerSilentMs: Math.round(longestSilenceMs(of.workers)),
    paused: pausedOf(of),
    config: { readAt: of.lastReload.at.toISOString(), lastReloadFailed: !of.lastReload.isSuccessful },
    workers: of.workers.map((worker) => workerOf(worker, of.date)),
    route: routeOf(of),
    candidates: of.observations.slice(0, most.candidates).map((observation) => candidateOf(observation, of)),
    clients: clientsOf(of),
    rules: {
      failAfter: rules.failAfter,
      maxAgeMs: rules.maxAgeMs,
      splitBrain: rules.splitBrain,
      system: rules.system ?? verdict?.memory.system ?? null,
      newestTimeline: verdict?.memory.timeline ?? 0,
    },
    limits: of.limits,
    standbyPort: of.standbyPort === undefined ? null : standbyPortOf(of.standbyPort),
    failovers: [...history.failovers.values()].reduce((sum, count) => sum + count, 0),
    splitBrainAlarms: history.alarms,
    journal: of.journal.slice(-most.entries).map(shortEntry),
  };
}

function workerOf({ isStuck, silentMs }: WorkerState, date: Date): WorkerStatus {
  if (!isStuck) return { stuckSince: null, stuckMs: null };
  const stuckMs = Math.round(silentMs);
  return { stuckSince: new Date(date.getTime() - stuckMs).toISOString(), stuckMs };
}

function pausedOf({ paused }: Snapshot): Status['paused'] {
  if (paused === undefined) return null;
  const { by, since, until } = paused;
  return { by, since: since.toISOString(), until: until.toISOString() };
}

function routeOf({ route, verdict, history, date }: Snapshot): RouteStatus {
  const { epoch, primary, standbys, reason } = route;
  return {
    epoch,
    since: history.since?.toISOString() ?? null,
    sinceMs: history.since === undefined ? null : date.getTime() - history.since.getTime(),
    primary: primary === undefined ? null : {
      candidate: verdict?.primary?.candidate.name ?? addressText(primary),
      address: addressText(primary),
    },
    standbys: standbys.slice(0, most.candidates).map(({ address }) => addressText(address)),
    rule: verdict?.rule ?? null,
    reason: short(reason),
    splitBrain: verdict?.splitBrain ?? false,
  };
}

function standbyPortOf({ fallback, maxLagMs, maxLagBytes, lagFenceMs }: StandbyPort): StandbyPortStatus {
  return {
    fallback,
    maxLagMs: maxLagMs ?? null,
    maxLagBytes: maxLagBytes ?? null,
    lagFenceMs: lagFenceMs ?? null,
  };
}

function candidateOf(observation: Observation, of: Snapshot): CandidateStatus {
  const { candidate: { name }, answer, failures, failure, silentSince } = observation;
  const { now, verdict, rotation, standbyPort } = of;
  const finding = verdict?.findings.find(({ candidate }) => candidate.name === name);
  const entry = rotation.find(({ candidate }) => candidate.name === name);
  return {
    name,
    standing: finding?.standing ?? 'unknown',
    note: short(finding?.note ?? 'has not been judged yet'),
    answer: answer ? answerOf(answer, now) : null,
    failures,
    failure: failure
      ? { ageMs: rounded(now - failure.at), kind: failure.kind, message: short(failure.message) }
      : null,
    silentMs: silentSince === undefined ? null : rounded(now - silentSince),
    lag: entry?.lag ?? null,
    standbyPort: standbyPort && entry
      ? { weight: entry.weight, out: entry.out === undefined ? null : short(entry.out) }
      : null,
  };
}

function answerOf(answer: Answer, now: number): AnswerStatus {
  return {
    ageMs: rounded(now - answer.at),
    tookMs: rounded(answer.tookMs),
    address: addressText(serverAddress(answer)),
    system: answer.system === undefined ? null : short(answer.system),
    timeline: answer.timeline ?? null,
    lsn: answer.lsn === undefined ? null : formatLsn(answer.lsn),
    replayedLsn: answer.replayedLsn === undefined ? null : formatLsn(answer.replayedLsn),
    inRecovery: answer.inRecovery,
    readOnly: answer.readOnly,
    startedAt: fromMicros(answer.startedAt),
    lacks: (answer.lacks ?? []).map(lackOf),
  };
}

function lackOf({ name, loss, remedy }: Lack): LackStatus {
  return { name, loss, remedy: remedy === undefined ? null : short(remedy) };
}

function clientsOf({ counters, sessions, limits, samples, now }: Snapshot): ClientStatus {
  const { ms, counts } = samples.recently.at(now);
  const closes = closeReasons.map((reason) => [reason, total(counters, reason)] as const);
  return {
    active: total(counters, 'active'),
    accepted: total(counters, 'accepted'),
    sessions: sessions.map(({ server, sessions }) => ({ server: addressText(server), sessions })),
    held: total(counters, 'held'),
    holds: total(counters, 'holds'),
    fallbacks: total(counters, 'fallbacks'),
    bufferedBytes: limits.maxBufferedBytes === null ? null : total(counters, 'buffered'),
    turnedAway: turnedAway(counters),
    recently: { ms, turnedAway: counts },
    closes: Object.fromEntries(closes) as Record<CloseReason, number>,
  };
}

function shortEntry(entry: Entry): Entry {
  const candidates = entry.candidates.slice(0, most.candidates)
    .map((candidate) => ({ ...candidate, note: short(candidate.note) }));
  return { ...entry, reason: short(entry.reason), candidates };
}

/** The time in what a server says of its start. */
function fromMicros(start: string): string | null {
  const date = new Date(Number(start.split(' ', 1)[0]) / 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function short(text: string): string {
  return printable(text, most.textLength);
}

/** To a tenth of a millisecond. */
function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
