/** Logs what the data planes report of clients that they did not serve. They bound how often: see `TurnedAway`, `Notices`. */
import type { Report } from '../contract/messages.ts';
import type { Log } from '../log.ts';
import type { LogEvent } from '../log-events.ts';

type Unwelcome = Extract<Report, { kind: 'turnedAway' | 'otherProtocol' }>;

const events = {
  clients: 'clients_displaced',
  cancels: 'cancels_dropped',
  notAllowed: 'clients_not_allowed',
  addressFull: 'address_full',
  addressTooFast: 'address_too_fast',
  buffersFull: 'buffers_full',
} as const satisfies Record<Extract<Report, { kind: 'turnedAway' }>['who'], LogEvent>;

export function logUnwelcome(worker: number, report: Unwelcome, log: Log): void {
  if (report.kind === 'otherProtocol') {
    const { kind: _, event, ...about } = report;
    return log(event, { worker, ...about });
  }
  const { who, count, busiest, ofBusiest } = report;
  log(events[who], { worker, count, busiest, ofBusiest });
}
