/** What happens to the primary before a standby is promoted. */
import type { Server } from '../../../test/bed/cluster.ts';

export interface Kind {
  /** For the help. */
  readonly what: string;
  befall(primary: Server): Promise<void> | void;
}

export const kinds = {
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

export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as KindName[];
