/** What clients of the standby port experience, told from `/status`. */
import { duration } from './duration.ts';
import type { CandidateStatus, Status } from '../../admin/status.ts';

/** Which servers serve them; nothing without a standby port. */
export function readers({ draining, paused, route, candidates, standbyPort, limits }: Status): string[] {
  if (standbyPort === null || draining || paused) return [];
  const serving = candidates.flatMap(({ name, standbyPort }) =>
    standbyPort !== null && standbyPort.weight > 0
      ? [standbyPort.weight === 1 ? name : `${name} (weight ${standbyPort.weight})`]
      : []
  );
  if (serving.length > 0) return [`New clients of the standby port are served by ${listed(serving)}.`];
  if (standbyPort.fallback && route.primary !== null) {
    return [
      `New clients of the standby port are served by the primary, as no standby can take them (REPLICA_FALLBACK=on).`,
    ];
  }
  return [
    `New clients of the standby port wait, each for up to ${
      duration(limits.holdMs)
    } (HOLD_MS): no standby can take ` +
    `them${standbyPort.fallback ? ', and there is no primary' : ' (REPLICA_FALLBACK=off)'}.`,
  ];
}

/** How far a standby is behind, and whether it gets them. */
export function standbyLine({ standing, lag, standbyPort }: CandidateStatus): string[] {
  if (standing !== 'standby') return [];
  const parts = lag === null ? [] : [
    lag.ms === 0
      ? 'has replayed all that the primary had'
      : `lags by ${duration(lag.ms)}, ${lag.bytes} bytes`,
  ];
  if (standbyPort !== null) {
    parts.push(
      standbyPort.out === null
        ? 'gets clients of the standby port'
        : `gets no new client: it ${standbyPort.out}`,
    );
  }
  return parts.length === 0 ? [] : [parts.join('; ')];
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
