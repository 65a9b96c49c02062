/** A line of the log for each session that has ended, as LOG_CONNECTIONS asks for it. */
import type { CloseReason } from '../contract/counters.ts';
import type { Report } from '../contract/messages.ts';
import type { Log } from '../log.ts';

const enders: Partial<Record<CloseReason, 'client' | 'server'>> = {
  clientClosed: 'client',
  clientReset: 'client',
  serverClosed: 'server',
  serverReset: 'server',
};

/** The last line says how many more there were. */
export function logEnded({ sessions, leftOut }: Extract<Report, { kind: 'ended' }>, log: Log): void {
  sessions.forEach(({ reason, client, ...about }, index) => {
    const isLast = index === sessions.length - 1;
    log('session_ended', {
      client: client || 'unix socket',
      ...about,
      by: enders[reason] ?? 'gateway',
      reason,
      leftOut: isLast && leftOut > 0 ? leftOut : undefined,
    });
  });
}
