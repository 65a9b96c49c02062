/** What `/status` says, in plain English: the text of `pg_gateway explain`. Pure. */
import { oneLine } from '../../protocol/printable.ts';
import { duration } from './duration.ts';
import { counted, outlook } from './outlook.ts';
import { readers, standbyLine } from './readers.ts';
import { turnedAwayLine } from './turned-away.ts';
import type { AnswerStatus, CandidateStatus, Status } from '../../admin/status.ts';

export function explanation(status: Status): string {
  const parts = [
    headline(status),
    verdict(status),
    ['What each candidate said:', ...status.candidates.flatMap(candidate)],
    ['What clients experience:', ...experience(status).map(indented)],
    ['What would change this:', ...outlook(status).map(indented)],
    ['The last changes:', ...changes(status).map(indented)],
  ];
  return parts.map((lines) => lines.map(oneLine).join('\n')).join('\n\n');
}

function headline({ version, runtime, engine, uptimeMs, draining, paused, time }: Status): string[] {
  const state = `${draining ? ', draining' : ''}${paused ? ', paused' : ''}`;
  return [
    `pg_gateway ${version} (${runtime}, ${engine} engine), up for ${duration(uptimeMs)}${state}, at ${time}`,
  ];
}

function verdict({ route }: Status): string[] {
  const { primary, epoch, sinceMs, reason, rule, splitBrain } = route;
  const stands = `${sinceMs === null ? '' : `for ${duration(sinceMs)} now, `}epoch ${epoch}`;
  const elected = primary === null
    ? `No primary (${stands}).`
    : `Primary: ${primary.candidate}${
      primary.candidate === primary.address ? '' : ` at ${primary.address}`
    } (${stands}).`;
  return [
    ...(splitBrain ? ['ALARM: split brain.'] : []),
    elected,
    `Why: ${reason}.${rule === null ? '' : ` (rule: ${rule})`}`,
  ];
}

function candidate(of: CandidateStatus): string[] {
  const { name, standing, note, answer, failures, failure, silentMs } = of;
  const lines = [`  ${name}, ${standing}: ${note}`];
  if (failure !== null) {
    const why = note.includes(failure.message) ? '' : `: ${failure.message}`;
    lines.push(
      `      ${counted(failures, 'failed probe')} in a row, the last ${duration(failure.ageMs)} ago${why}`,
    );
  }
  if (silentMs !== null) lines.push(`      nothing at all has come from it for ${duration(silentMs)}`);
  if (answer !== null) {
    lines.push(`      ${failure === null ? 'answered' : 'last answered'} ${answerText(answer)}`);
  }
  for (const { name, loss, remedy } of answer?.lacks ?? []) {
    lines.push(
      `      does not let the probe call ${name}: ${loss}${remedy === null ? '' : `; mend it by: ${remedy}`}`,
    );
  }
  return [...lines, ...standbyLine(of).map((line) => `      ${line}`)];
}

function answerText(answer: AnswerStatus): string {
  const { ageMs, tookMs, inRecovery, readOnly, timeline, lsn, replayedLsn, startedAt, system } = answer;
  const role = inRecovery ? 'in recovery' : readOnly ? 'out of recovery but read-only' : 'out of recovery';
  const position = lsn === null
    ? 'position hidden'
    : inRecovery && replayedLsn !== lsn
    ? `at ${lsn}, replayed to ${replayedLsn}`
    : `at ${lsn}`;
  const start = startedAt === null ? '' : `, started ${startedAt}`;
  return `${duration(ageMs)} ago (took ${tookMs} ms): ${role}, timeline ${
    timeline ?? 'hidden'
  }, ${position}${start}, system ${system ?? 'hidden'}`;
}

function experience(status: Status): string[] {
  const { clients, limits, workers } = status;
  const { sessions, held, accepted, holds, closes } = clients;
  const lines = [newcomers(status), ...readers(status)];
  workers.forEach(({ stuckMs }, worker) => {
    if (stuckMs === null) return;
    const silence = duration(stuckMs);
    lines.push(
      `Worker ${worker} has not moved for ${silence}: its sessions hang. Restart the gateway if that lasts.`,
    );
  });
  if (held > 0) lines.push(`${counted(held, 'client')} ${held === 1 ? 'waits' : 'wait'} now.`);
  for (const on of sessions) {
    if (on.sessions > 0) lines.push(`${counted(on.sessions, 'session')} on ${on.server}.`);
  }
  if (clients.active >= limits.maxSessions) {
    lines.push(
      `The limit of ${counted(limits.maxSessions, 'session')} is reached (MAX_SESSIONS, or open files).`,
    );
  }
  if (clients.fallbacks > 0) {
    lines.push(
      `${counted(clients.fallbacks, 'client')} of the standby port had to be served by the primary.`,
    );
  }
  const line = turnedAwayLine(status);
  if (line !== undefined) lines.push(line);
  lines.push(
    `Since the start: ${
      counted(accepted, 'client')
    }, ${holds} had to wait, ${closes.holdTimeout} waited in vain, ` +
      `${closes.limit} refused by a limit, ${
        counted(closes.fenced, 'session')
      } ended because their server was replaced ` +
      'or silent.',
  );
  return lines;
}

export function newcomers({ draining, paused, route, limits }: Status): string {
  if (draining) return 'The gateway is draining: once DRAIN_ACCEPT_MS is over, it takes no new clients.';
  if (paused) {
    return `New clients are held since ${paused.since}, as ${paused.by} has asked for, until pg_gateway resume or ${paused.until}; ` +
      `${limits.maxHeld} at a time (MAX_HELD).`;
  }
  if (route.primary !== null) return `New clients are served by ${route.primary.candidate}.`;
  if (limits.holdMs === 0 || limits.maxHeld === 0) {
    return 'New clients are refused at once, with SQLSTATE 57P03 and the reason (HOLD_MS=0 or MAX_HELD=0).';
  }
  const since = route.since === null ? '' : ` since ${route.since}`;
  return `New clients are held${since}, each for up to ${duration(limits.holdMs)} (HOLD_MS) and ` +
    `${limits.maxHeld} at a time (MAX_HELD); then they are refused with SQLSTATE 57P03 and the reason.`;
}

function changes({ journal }: Status): string[] {
  if (journal.length === 0) return ['none yet'];
  return journal.map(({ time, epoch, primary, rule, reason, splitBrain, drill }) =>
    `${time}  epoch ${epoch}  ${primary ?? 'nobody'}${splitBrain ? ', ALARM' : ''}${
      drill === undefined ? '' : `, drill ${drill}`
    }: ${reason} (${rule})`
  );
}

function indented(line: string): string {
  return `  ${line}`;
}
