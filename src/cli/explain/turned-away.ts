/** Whom limits have turned away, told from `/status`. */
import type { Status } from '../../admin/status.ts';
import { duration } from './duration.ts';

type Counts = Status['clients']['turnedAway'];

const settings: Readonly<Record<keyof Counts, string>> = {
  notAllowed: 'by ALLOW and DENY',
  proxyRefused: 'for their PROXY header',
  addressFull: 'by MAX_CONNECTIONS_PER_ADDRESS',
  addressTooFast: 'by CONNECT_RATE_PER_ADDRESS',
  sessionsFull: 'by MAX_SESSIONS or MAX_HELD',
  buffersFull: 'by MAX_BUFFERED_BYTES',
  displaced: 'for want of places',
  idleTimeout: 'ended by IDLE_TIMEOUT_MS',
};

/** One line: in the last minutes, or since the start where these were quiet; undefined: nobody ever. */
export function turnedAwayLine({ clients: { recently, turnedAway } }: Status): string | undefined {
  const now = listed(recently.turnedAway);
  if (now !== '') return `Turned away in the last ${duration(recently.ms)}: ${now}.`;
  const ever = listed(turnedAway);
  return ever === '' ? undefined : `Turned away since the start, none of them lately: ${ever}.`;
}

function listed(counts: Counts): string {
  const names = Object.keys(settings) as (keyof Counts)[];
  return names.filter((name) => counts[name] > 0).map((name) => `${counts[name]} ${settings[name]}`).join(
    ', ',
  );
}
