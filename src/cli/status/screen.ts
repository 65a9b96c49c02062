/** What `/status` says on one screen: for whoever is on call, and for a wall. Pure. */
import type { CandidateStatus, Status } from '../../admin/status.ts';
import { oneLine } from '../../protocol/printable.ts';
import { bytes } from '../bytes.ts';
import { duration } from '../explain/duration.ts';
import { turnedAwayLine } from '../explain/turned-away.ts';
import { table } from '../table.ts';

/** So many changes, the last one first. */
const shownChanges = 5;

/** The lines of one gateway; `where` is how it was asked. */
export function screen(status: Status, where: string): readonly string[] {
  return [
    ...headline(status, where),
    '',
    ...verdict(status),
    '',
    ...candidates(status),
    '',
    ...clients(status),
    '',
    'Last changes:',
    ...changes(status).map((line) => `  ${line}`),
  ].map(oneLine);
}

/** Those of one that did not answer. */
export function silence(where: string, why: string): readonly string[] {
  return [where, '', ...why.split('\n')].map(oneLine);
}

function headline(
  { version, runtime, engine, uptimeMs, time, draining, paused }: Status,
  where: string,
): string[] {
  return [
    `${where}: pg_gateway ${version} (${runtime}, ${engine}), up ${duration(uptimeMs)}, at ${
      timeOfDay(time)
    }`,
    ...(draining ? ['DRAINING: no new clients are taken.'] : []),
    ...(paused
      ? [
        `PAUSED by ${paused.by} since ${timeOfDay(paused.since)}, until ${
          timeOfDay(paused.until)
        }: new clients wait.`,
      ]
      : []),
  ];
}

function verdict({ route, config }: Status): string[] {
  const { primary, epoch, sinceMs, reason, rule, splitBrain } = route;
  const since = sinceMs === null ? '' : ` for ${duration(sinceMs)}`;
  return [
    ...(splitBrain ? ['ALARM: SPLIT BRAIN'] : []),
    primary === null
      ? `NO PRIMARY${since}, epoch ${epoch}`
      : `Primary: ${primary.candidate}${since}, epoch ${epoch}`,
    `Why: ${reason}.${rule === null ? '' : ` (${rule})`}`,
    ...(config.lastReloadFailed ? ['The last reload failed: the configuration before it counts.'] : []),
  ];
}

function candidates({ candidates, clients }: Status): string[] {
  const known = candidates.map(({ answer }) => answer?.address);
  const rows = candidates.map((candidate) => row(candidate, sessionsOn(clients, candidate.answer?.address)));
  const others = clients.sessions.filter(({ server, sessions }) => sessions > 0 && !known.includes(server))
    .map(({ server, sessions }) => [server, '-', '-', String(sessions), '-', 'is no candidate any more']);
  return table(['CANDIDATE', 'STANDING', 'LAG', 'SESSIONS', 'ANSWERED', ''], [...rows, ...others]).split(
    '\n',
  );
}

function row({ name, standing, lag, answer, note }: CandidateStatus, sessions: string): string[] {
  const isWell = standing === 'primary' || standing === 'standby';
  return [
    name,
    standing,
    lag === null ? '-' : duration(lag.ms),
    sessions,
    answer === null ? 'never' : `${duration(answer.ageMs)} ago`,
    isWell ? '' : note,
  ];
}

function sessionsOn({ sessions }: Status['clients'], address: string | undefined): string {
  const found = sessions.find(({ server }) => server === address);
  return found === undefined ? '-' : String(found.sessions);
}

function clients(status: Status): string[] {
  const { clients, limits } = status;
  const sessions = clients.sessions.reduce((sum, on) => sum + on.sessions, 0);
  const { bufferedBytes: kept } = clients;
  const line = turnedAwayLine(status);
  const rows = table(['', 'NOW', 'LIMIT', ''], [
    ['sessions', String(sessions), String(limits.maxSessions), 'MAX_SESSIONS'],
    ['clients', String(clients.active), String(limits.maxClients), ''],
    [
      'held',
      String(clients.held),
      String(limits.maxHeld),
      `MAX_HELD, each ${duration(limits.holdMs)} at the most`,
    ],
    ...(kept === null || limits.maxBufferedBytes === null
      ? []
      : [['kept', bytes(kept), bytes(limits.maxBufferedBytes), 'MAX_BUFFERED_BYTES']]),
  ]).split('\n');
  return line === undefined ? rows : [...rows, '', line];
}

function changes({ journal }: Status): string[] {
  if (journal.length === 0) return ['none yet'];
  return journal.slice(-shownChanges).reverse().map(({ time, epoch, primary, reason, splitBrain }) =>
    `${timeOfDay(String(time))} epoch ${epoch} ${primary ?? 'nobody'}${
      splitBrain ? ', ALARM' : ''
    }: ${reason}`
  );
}

/** As in the log of this machine's terminal. */
function timeOfDay(time: string): string {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return `${isToday ? '' : `${date.toISOString().slice(0, 10)} `}${date.toTimeString().slice(0, 8)}`;
}
