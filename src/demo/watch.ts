/** What the servers say of themselves, asked directly and not through the gateway. */
import { formatLsn, type Lsn, parseLsn } from '../cluster/lsn.ts';
import type { Server } from './servers/server.ts';

export type Role = 'primary' | 'standby' | 'starting' | 'frozen' | 'down';

export interface ServerState {
  readonly server: Server;
  readonly role: Role;
  /** That a primary writes on, or that a standby has received last. */
  readonly timeline: number | undefined;
  /** Where it writes, or how much of the log it has, replayed or not: it replays all of that before it is promoted. */
  readonly lsn: Lsn | undefined;
  /** The port of the server that a standby streams from, while it does. */
  readonly streamsFrom: number | undefined;
}

/** How long a server may take to answer, in milliseconds. */
const deadlineMs = 1000;

/** The timeline that a primary writes on. The one of its control file is still the old one right after a promotion. */
export const timelineOfPrimary = `('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int`;

const question = `select pg_is_in_recovery() as standby,
  case when pg_is_in_recovery()
    then coalesce((select received_tli from pg_stat_wal_receiver), (select timeline_id from pg_control_checkpoint()))
    else ${timelineOfPrimary} end as timeline,
  case when pg_is_in_recovery()
    then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) else pg_current_wal_lsn() end::text as lsn,
  (select sender_port from pg_stat_wal_receiver where status = 'streaming') as sender`;

interface Row extends Record<string, unknown> {
  readonly standby: boolean;
  readonly timeline: number;
  readonly lsn: string | null;
  readonly sender: number | null;
}

export async function look(server: Server): Promise<ServerState> {
  const unknown = { server, timeline: undefined, lsn: undefined, streamsFrom: undefined };
  if (!server.isUp) return { ...unknown, role: 'down' };
  if (server.isFrozen) return { ...unknown, role: 'frozen' };
  try {
    const [row] = await server.query<Row>(question, deadlineMs);
    if (!row) return { ...unknown, role: 'starting' };
    return {
      server,
      role: row.standby ? 'standby' : 'primary',
      timeline: Number(row.timeline),
      lsn: row.lsn === null ? undefined : parseLsn(row.lsn),
      streamsFrom: row.sender ?? undefined,
    };
  } catch {
    return { ...unknown, role: server.isFrozen ? 'frozen' : server.isUp ? 'starting' : 'down' };
  }
}

export function lookAtAll(servers: readonly Server[]): Promise<ServerState[]> {
  return Promise.all(servers.map(look));
}

/** The primary with the newest timeline: after a failover without fencing the old one may still be up. */
export function primaryOf(states: readonly ServerState[]): ServerState | undefined {
  return states
    .filter(({ role }) => role === 'primary')
    .toSorted((a, b) => (b.timeline ?? 0) - (a.timeline ?? 0))[0];
}

/** The standby with the most of the primary's log: to promote another one would lose writes. */
export function bestStandby(states: readonly ServerState[]): ServerState | undefined {
  const standbys = states.filter(({ role }) => role === 'standby');
  return standbys.toSorted((a, b) => Number((b.lsn ?? 0n) - (a.lsn ?? 0n)))[0];
}

export function textOf(lsn: Lsn | undefined): string {
  return lsn === undefined ? '' : formatLsn(lsn);
}

/** How far behind the primary, for people. */
export function lagOf(state: ServerState, primary: ServerState | undefined): string {
  if (state.role !== 'standby' || state.lsn === undefined || primary?.lsn === undefined) return '';
  const bytes = Number(primary.lsn - state.lsn);
  if (bytes <= 0) return '0 B';
  return bytes < 10_240
    ? `${bytes} B`
    : bytes < 10_485_760
    ? `${Math.round(bytes / 1024)} KiB`
    : `${bytes >> 20} MiB`;
}
