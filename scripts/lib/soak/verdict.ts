/** Whether a run was as it should be, and what was not, and when. Pure. */
import type { Facts, Failover, Sample, Trouble } from './facts.ts';

export interface Check {
  readonly what: string;
  readonly measured: string;
  readonly bound: string;
  readonly isMet: boolean;
  /** What and when, for a person; not all of it where there is much. */
  readonly findings: readonly string[];
}

/**
 * What a client is told whose connection is gone, or whose server goes away or has not come yet: SQLSTATEs, and the words of
 * the system and of the package postgres. A port that takes nobody (ECONNREFUSED) is none of them.
 */
const lossCodes = [
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'ECONNRESET',
  'EPIPE',
  'the session ended',
  '57P01',
  '57P02',
  '57P03',
];
/** A client may learn of its loss only with its next piece of work, and after everybody else is back. */
const graceSeconds = 2;

/** Events of the log that a failover does not explain. */
const alarmingEvents = [
  'worker_died',
  'worker_stuck',
  'worker_not_replaced',
  'split_brain',
  'candidate_foreign',
  'candidate_distrusted',
  'reload_failed',
  'control_socket_failed',
  'log_lines_lost',
  'accept_exhausted',
  'dial_exhausted',
  'certificate_failed',
  'fault',
];

/** The first part of a run in which a program takes what it needs for good. */
const warmUpShare = 0.2;
/**
 * What a heap may differ by from one minute to another, however long it runs; a kilobyte that stayed behind for each
 * client would be more than that in an hour.
 */
const mostGrowthBytes = 24 * 2 ** 20;
/** In the first minutes it takes what it needs for good, too: a collector lets a small heap grow before it works hard. */
const warmMinutes = 15;
const mostWarmingBytes = 64 * 2 ** 20;
/** In a failover some ten changes of the verdict, of candidates that come and go, of the route. */
const mostLinesEach = 40;
const mostOtherLinesPerMinute = 10;
const mostLinesOnce = 20;
const shownFindings = 10;

export function verdictOf(facts: Facts): Check[] {
  const { lost, doubles, failovers, troubles, before, after, logLines, exitCode, cutShort, acknowledged } =
    facts;
  const unexpected = troubles.filter((trouble) => !isExpected(trouble, failovers));
  const missing = failovers.filter((failover) => failover.missing.length > 0);
  const alarms = alarmingEvents.filter((event) => (logLines[event] ?? 0) > 0);
  return [
    check('acknowledged writes that are gone', lost.length, 0, 'none', lost.map((id) => `row ${id}`)),
    check('writes taken by an old primary', doubles.length, 0, 'none', doubles.map((id) => `row ${id}`)),
    check(
      'failovers after which a client did not come back',
      missing.length,
      0,
      'none',
      missing.map(({ second, kind, missing }) => `${clock(second)} ${kind}: ${missing.join(', ')}`),
    ),
    check(
      'errors of clients other than a lost connection at a failover, and wrong data',
      unexpected.length,
      0,
      'none',
      unexpected.map(({ second, kind, code, message }) =>
        `${clock(second)} ${kind}: ${code}${message === code ? '' : `, ${message}`}`
      ),
    ),
    memory(facts),
    {
      what: 'descriptors at rest',
      measured: `${before.descriptors} before, ${after?.descriptors ?? 'unknown'} after`,
      bound: 'no more than before',
      isMet: after !== undefined && after.descriptors <= before.descriptors,
      findings: [],
    },
    lines(facts),
    check(
      'lines of the log that no failover explains',
      alarms.length,
      0,
      'none',
      alarms.map((event) => `${event}, ${logLines[event]} times`),
    ),
    {
      what: 'the run',
      measured: `${failovers.length} failovers, ${acknowledged} acknowledged writes; exit code ${
        exitCode ?? 'none'
      }`,
      bound: 'at least one of each; 0',
      isMet: failovers.length > 0 && acknowledged > 0 && exitCode === 0 &&
        (cutShort === undefined || cutShort === interrupted),
      findings: cutShort === undefined ? [] : [cutShort],
    },
  ];
}

/** Said in Facts.cutShort where a person has ended it. */
export const interrupted = 'it was interrupted';

export function isExpected({ second, code }: Trouble, failovers: readonly Failover[]): boolean {
  return lossCodes.includes(code) &&
    failovers.some((failover) => second >= failover.second && second <= failover.untilSecond + graceSeconds);
}

export function afterWarmUp(samples: readonly Sample[]): readonly Sample[] {
  return samples.slice(Math.floor(samples.length * warmUpShare));
}

/** By how much the line through all points rises for each step of x; 0 where there are fewer than two. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (spread === 0 || points.length < 2) return 0;
  return points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}

/** Bytes a second, of resident memory. */
export function growthOf(samples: readonly Sample[]): number {
  return slopeOf(afterWarmUp(samples).map(({ second, residentBytes }) => [second, residentBytes]));
}

function memory({ samples, before, after }: Facts): Check {
  const counted = afterWarmUp(samples);
  const seconds = (counted.at(-1)?.second ?? 0) - (counted[0]?.second ?? 0);
  const perSecond = growthOf(samples);
  const most = seconds < warmMinutes * 60 ? mostWarmingBytes : mostGrowthBytes;
  return {
    what: `resident memory, by a line through the last ${100 - warmUpShare * 100} % of the run`,
    measured: `${mib(perSecond * 3600)} MiB an hour, ${mib(perSecond * seconds)} MiB in ${
      (seconds / 60).toFixed(1)
    } min; at rest ${mib(before.residentBytes)} MiB before, ${
      after === undefined ? 'unknown' : mib(after.residentBytes)
    } after`,
    bound: `at most ${mib(most)} MiB in that time`,
    isMet: counted.length > 1 && perSecond * seconds <= most,
    findings: [],
  };
}

function lines({ logLines, failovers, seconds }: Facts): Check {
  const all = Object.values(logLines).reduce((sum, count) => sum + count, 0);
  const most = mostLinesOnce + failovers.length * mostLinesEach +
    Math.ceil(seconds / 60) * mostOtherLinesPerMinute;
  return {
    what: "lines of the gateway's log",
    measured: `${all}, at most ${Math.max(0, ...failovers.map(({ logLines }) => logLines))} in a failover`,
    bound:
      `${mostLinesOnce}, ${mostLinesEach} more for each failover, and ${mostOtherLinesPerMinute} a minute: ${most}`,
    isMet: all <= most,
    findings: [],
  };
}

function check(what: string, count: number, most: number, bound: string, all: readonly string[]): Check {
  const findings = all.slice(0, shownFindings);
  if (all.length > shownFindings) findings.push(`and ${all.length - shownFindings} more`);
  return { what, measured: String(count), bound, isMet: count <= most, findings };
}

/** `61.2` is 1:01. */
export function clock(second: number): string {
  const [hours, minutes, seconds] = [second / 3600, second / 60 % 60, second % 60].map(Math.floor);
  const padded = [hours, minutes, seconds].map((part) => String(part).padStart(2, '0'));
  return hours === 0 ? padded.slice(1).join(':') : padded.join(':');
}

export function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
