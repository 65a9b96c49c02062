/** The one question that is put to every server, and what its answer says. */
import { parseLsn } from '../cluster/lsn.ts';
import type { Answer } from '../cluster/observation.ts';
import { type Asked, notPostgres } from './failure.ts';

/**
 * Any role that may log in may run this, on PostgreSQL 10 and newer. Whether the server is in recovery is asked
 * once, so that a promotion in the middle cannot mix both roles (`offset 0`, because `as materialized` needs
 * PostgreSQL 12); CASE keeps those functions from running that fail in recovery.
 *
 * A standby's timeline is the newest that its control file or its WAL receiver knows. The last restart point alone may
 * lag behind for minutes; the end of recovery moves on whenever pages are written to disk. Of the receiver, which knows
 * at once, an ordinary role sees only that it is there; its row is read as JSON because PostgreSQL 10 has no sender_host in it.
 *
 * Two servers of one machine do start in the same microsecond now and then, but not where they listen: so that belongs to
 * the start.
 *
 * It is sent as one line: a server that logs statements writes it as often as it is asked.
 */
export const question = `
with server as (select pg_is_in_recovery() as in_recovery offset 0),
receiver as (select to_jsonb(its) as its from pg_stat_wal_receiver its)
select
  in_recovery,
  current_setting('transaction_read_only') = 'on' as read_only,
  (select system_identifier::text from pg_control_system()) as system,
  case when in_recovery
    then greatest(
      (select timeline_id from pg_control_checkpoint()),
      (select min_recovery_end_timeline from pg_control_recovery()),
      (its->>'received_tli')::integer
    )::text
    else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint::text
  end as timeline,
  case when in_recovery
    then coalesce(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')
    else pg_current_wal_lsn()
  end::text as lsn,
  case when in_recovery
    then coalesce(pg_last_wal_replay_lsn(), '0/0')
    else pg_current_wal_lsn()
  end::text as replayed_lsn,
  (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text || ' ' || current_setting('port') || ' ' ||
    current_setting('listen_addresses') as started_at,
  case when its->>'status' = 'streaming' then its->>'sender_host' end as upstream_host,
  case when its->>'status' = 'streaming' then its->>'sender_port' end as upstream_port
from server left join receiver on true`.replaceAll(/\s+/g, ' ').trim();

/** Its columns. */
const names = [
  'in_recovery',
  'read_only',
  'system',
  'timeline',
  'lsn',
  'replayed_lsn',
  'started_at',
  'upstream_host',
  'upstream_port',
] as const;

/** What a server says of itself; when and where it was asked is known to the caller. */
export type Facts = Omit<Answer, 'at' | 'tookMs' | 'host' | 'port'>;

/** The columns as text, in the order of the question. Throws a ProbeError for what is missing. */
export function readFacts(columns: readonly (string | null)[] | undefined, asked: Asked): Facts {
  const text = (index: number): string => {
    const value = columns?.[index];
    if (typeof value !== 'string') throw notPostgres(`its answer has no ${names[index]}`, asked);
    return value;
  };
  const yes = (index: number): boolean => {
    const value = text(index);
    if (value !== 't' && value !== 'f') throw notPostgres(`its answer has no ${names[index]}`, asked);
    return value === 't';
  };
  const upstream = typeof columns?.[7] === 'string' ? { host: text(7), port: Number(text(8)) } : undefined;
  return {
    inRecovery: yes(0),
    readOnly: yes(1),
    system: text(2),
    timeline: Number(text(3)),
    lsn: parseLsn(text(4)),
    replayedLsn: parseLsn(text(5)),
    startedAt: text(6),
    upstream,
  };
}
