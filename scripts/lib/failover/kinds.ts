/** What happens to the primary before a standby is promoted. */
import type { Server } from '../../../test/bed/cluster.ts';
import { dropNone, dropPacketsOf } from './packets.ts';

export interface Kind {
  /** For the help. */
  readonly what: string;
  befall(primary: Server): Promise<void> | void;
  /** Undoes what was done to more than the server, before that is rebuilt. */
  heal?(): void;
}

/** What needs the server alone. */
export const serverKinds = {
  kill: { what: 'kill -9 of the primary', befall: (primary: Server) => primary.kill() },
  stop: {
    what: 'an orderly stop, as before a switchover',
    befall: (primary: Server) => primary.stop('fast'),
  },
  freeze: {
    what: 'SIGSTOP: its connections stay open, nothing answers',
    befall: (primary: Server) => primary.freeze(),
  },
  alive: { what: 'nothing: the old primary still runs and takes writes', befall: () => {} },
} as const satisfies Record<string, Kind>;

export type ServerKindName = keyof typeof serverKinds;
export const serverKindNames = Object.keys(serverKinds) as ServerKindName[];

const { kill, stop, freeze, alive } = serverKinds;

export const kinds = {
  kill,
  stop,
  freeze,
  silence: {
    what: 'all its packets are dropped: no reset, no refusal, no answer (as root)',
    befall: (primary: Server) => dropPacketsOf(primary.port),
    heal: dropNone,
  },
  alive,
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as KindName[];
