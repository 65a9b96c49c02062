/** Logs what the data planes report of clients that they turned away: see `TurnedAway`, which bounds how often. */
import type { Report } from '../contract/messages.ts';
import type { Log } from '../log.ts';
import type { LogEvent } from '../log-events.ts';

type TurnedAway = Extract<Report, { kind: 'turnedAway' }>;

const events = {
  clients: 'clients_displaced',
  cancels: 'cancels_dropped',
  notAllowed: 'clients_not_allowed',
} as const satisfies Record<TurnedAway['who'], LogEvent>;

export function logTurnedAway(
  worker: number,
  { who, count, busiest, ofBusiest }: TurnedAway,
  log: Log,
): void {
  log(events[who], { worker, count, busiest, ofBusiest });
}
