/** Whether standbys follow the primary, and why one does not. */
import { setTimeout as pause } from 'node:timers/promises';
import { formatLsn, type Lsn, parseLsn } from '../cluster/lsn.ts';
import type { Server } from './servers/server.ts';
import { lookAtAll, type ServerState } from './watch.ts';

/** What is said of a server beside the primary. */
export interface Follower {
  readonly server: Server;
  /** Why it does not follow, in a clause that reads after its name; undefined: it does. */
  readonly trouble: string | undefined;
}

interface Trouble {
  readonly clause: string;
  /** Waiting changes nothing. */
  readonly isLasting: boolean;
}

const lookEveryMs = 50;

/** Looks at `others` until each follows `primary`, or never will, or the time is up. */
export async function followersOf(
  primary: Server,
  others: readonly Server[],
  deadlineMs: number,
): Promise<Follower[]> {
  const giveUpAt = performance.now() + deadlineMs;
  const forks = await forksOf(primary);
  while (true) {
    const [leader, ...states] = await lookAtAll([primary, ...others]);
    const found = states.map((state) => ({
      server: state.server,
      trouble: leader && troubleOf(state, leader, forks),
    }));
    if (found.every(({ trouble }) => !trouble || trouble.isLasting) || performance.now() >= giveUpAt) {
      return found.map(({ server, trouble }) => ({ server, trouble: trouble?.clause }));
    }
    await pause(lookEveryMs);
  }
}

/** Where each older timeline in the history of the primary ended. */
type Forks = ReadonlyMap<number, Lsn>;

/**
 * Why `state` does not follow `primary`, if it does not. A standby that has received more of an older timeline than went
 * into the new one never will: that happens where the old primary is alive during a promotion.
 */
export function troubleOf(
  { role, timeline, lsn, streamsFrom }: ServerState,
  primary: ServerState,
  forks: Forks,
): Trouble | undefined {
  if (role === 'down' || role === 'frozen') return { clause: `is ${role}`, isLasting: true };
  if (role === 'starting') return { clause: 'does not answer yet', isLasting: false };
  if (role === 'primary') {
    return { clause: `claims to be a primary itself, on timeline ${timeline}`, isLasting: true };
  }
  if (timeline !== primary.timeline) {
    const fork = timeline === undefined ? undefined : forks.get(timeline);
    if (fork !== undefined && lsn !== undefined && lsn > fork) {
      const clause =
        `stays on timeline ${timeline}, of which it has more (${formatLsn(lsn)}) than went into the next ` +
        `timeline (${formatLsn(fork)})`;
      return { clause, isLasting: true };
    }
    return { clause: `is still on timeline ${timeline}`, isLasting: false };
  }
  if (streamsFrom === primary.server.port) return undefined;
  const clause = streamsFrom === undefined ? 'does not stream' : 'streams from another server';
  return { clause, isLasting: false };
}

async function forksOf(primary: Server): Promise<Forks> {
  const timeline = await primary.timeline();
  const file = `pg_wal/${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
  // Before PostgreSQL 16 a file may be missing only where a part of it is asked for.
  const [row] = await primary.query<{ history: string | null }>(
    `select pg_read_file('${file}', 0, 1000000, true) as history`,
  );
  return readHistory(row?.history ?? '');
}

/** Lines of `timeline<tab>where it ended<tab>why`; the first timeline has no such file. */
export function readHistory(text: string): Forks {
  return new Map([...text.matchAll(/^(\d+)\t([0-9A-F]+\/[0-9A-F]+)/gm)].map(([, timeline, lsn]) => [
    Number(timeline),
    parseLsn(lsn as string),
  ]));
}
