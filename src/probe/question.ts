/** The one question that is put to every server, and what its answer says. */
import { type Lsn, parseLsn } from '../cluster/lsn.ts';
import type { Answer, Lack, Upstream } from '../cluster/observation.ts';
import { isPrintable, printable } from '../protocol/printable.ts';
import { type Asked, malformed } from './failure.ts';
import { type Callable, type Rights, rightsQuestion } from './rights.ts';

/**
 * Any role that may log in may run this, on PostgreSQL 10 and newer, unless something was revoked. Whether the server is in recovery is asked
 * once, so that a promotion in the middle cannot mix both roles (`offset 0`, because `as materialized` needs
 * PostgreSQL 12), and so is how far it has replayed, which must not be further than what it has; CASE keeps those
 * functions from running that fail in recovery.
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
export const question = questionWithout([]);

/**
 * The same without functions that the server does not let the probe call: it refuses a statement for its text, whatever
 * CASE would have spared, so what they would say is null from the start. One more column says what may be called now.
 */
export function reducedQuestion({ lacks }: Pick<Rights, 'lacks'>): string {
  return questionWithout(namesOf(lacks));
}

/**
 * The one or the other with a mark in it, and as its last column the marks that the server sees: of other sessions of our
 * role, as no other role may read what they ask.
 */
export function markedQuestion(mark: string, { lacks }: Pick<Rights, 'lacks'> = { lacks: [] }): string {
  const marks = `(select string_agg(substr(query, 15, ${markLength}), ' ') from pg_stat_activity
    where usename = current_user and query like '/* pg_gateway %') as marks`;
  return `/* pg_gateway ${mark} */ ${questionWithout(namesOf(lacks), `, ${marks}`)}`;
}

function namesOf(lacks: Rights['lacks']): readonly Callable[] {
  return lacks.map(({ name }) => name);
}

function questionWithout(lacking: readonly Callable[], more = ''): string {
  const [system, checkpoint, recovery, walFile, current, replayed, received, receiver] = ([
    ['pg_control_system()', '(select system_identifier::text from pg_control_system())'],
    ['pg_control_checkpoint()', '(select timeline_id from pg_control_checkpoint())'],
    ['pg_control_recovery()', '(select min_recovery_end_timeline from pg_control_recovery())'],
    [
      'pg_walfile_name(pg_lsn)',
      `('x' || substr(pg_walfile_name(replay.lsn), 1, 8))::bit(32)::bigint::text`,
    ],
    ['pg_current_wal_lsn()', 'pg_current_wal_lsn()'],
    ['pg_last_wal_replay_lsn()', `coalesce(pg_last_wal_replay_lsn(), '0/0')`],
    ['pg_last_wal_receive_lsn()', 'pg_last_wal_receive_lsn()'],
    [
      'pg_stat_get_wal_receiver()',
      '(select to_jsonb(its) from pg_stat_get_wal_receiver() its where its.pid is not null)',
    ],
  ] as const).map(([name, expression]) => lacking.includes(name) ? 'null' : expression);
  return `
with server as (select pg_is_in_recovery() as in_recovery offset 0),
replay as (
  select (case when in_recovery then ${replayed} else ${current} end)::pg_lsn as lsn, ${receiver}::jsonb as its
  from server offset 0
)
select
  in_recovery,
  current_setting('transaction_read_only') = 'on' as read_only,
  ${system}::text as system,
  case when in_recovery
    then greatest(${checkpoint}, ${recovery}, (its->>'received_tli')::integer)::text
    else ${walFile}
  end as timeline,
  case when in_recovery then greatest(${received}, replay.lsn) else replay.lsn end::text as lsn,
  replay.lsn::text as replayed_lsn,
  (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text || ' ' || current_setting('port') || ' ' ||
    left(current_setting('listen_addresses'), 500) as started_at,
  case when its->>'status' = 'streaming' then its->>'sender_host' end as upstream_host,
  case when its->>'status' = 'streaming' then its->>'sender_port' end as upstream_port
  ${lacking.length > 0 ? `, (${rightsQuestion}) as rights` : ''}${more}
from server cross join replay`.replaceAll(/\s+/g, ' ').trim();
}

/** Of hexadecimal digits. */
export const markLength = 32;

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

type Column = (typeof names)[number];

const maxTimeline = 2 ** 32 - 1;
const maxPort = 65_535;
/** A name has at most 253 characters (RFC 1035), the folder of a socket 107. */
const maxHostLength = 255;
/** Of what the question says of a start: the time, the port, and 500 characters of addresses. */
const maxStartLength = 600;
/** Of a value that is refused. */
const maxShown = 40;

/** What a server says of itself; when and where it was asked is known to the caller. */
export interface Facts extends Omit<Answer, 'at' | 'tookMs' | 'host' | 'port' | 'mark'> {
  /** Where the question had one. */
  readonly marks?: { readonly own: string; readonly seen: readonly string[] } | undefined;
}

/** What is null where the server does not let the probe call something. */
const hidable: readonly Column[] = ['system', 'timeline', 'lsn', 'replayed_lsn'];

/**
 * The one row as text, in the order of the question. Whatever answers on a port decides on these values, and one that is out
 * of range would outlive it: beside a timeline of NaN every other is old. Throws a ProbeError for each that PostgreSQL
 * cannot say.
 */
export function readFacts(
  columns: readonly (string | null)[],
  asked: Asked,
  lacks?: readonly Lack[],
): Facts {
  if (columns.length !== names.length) {
    throw malformed(`it has ${columns.length} columns, not ${names.length}`, asked);
  }
  const values = new Values(columns, asked);
  const isHidden = (column: Column) =>
    lacks !== undefined && hidable.includes(column) && values.isNull(column);
  const [lsn, replayedLsn] = (['lsn', 'replayed_lsn'] as const).map((column) =>
    isHidden(column) ? undefined : values.lsn(column)
  );
  const inRecovery = values.flag('in_recovery');
  if (
    lsn !== undefined && replayedLsn !== undefined &&
    (replayedLsn > lsn || (!inRecovery && replayedLsn < lsn))
  ) {
    throw malformed('its replayed_lsn contradicts its lsn', asked);
  }
  return {
    inRecovery,
    readOnly: values.flag('read_only'),
    system: isHidden('system') ? undefined : values.system('system'),
    timeline: isHidden('timeline') ? undefined : values.whole('timeline', maxTimeline),
    lsn,
    replayedLsn,
    startedAt: values.start('started_at'),
    upstream: upstreamOf(values),
    ...(lacks && { lacks }),
  };
}

/** Of the last column of a question with a mark. */
export function marksIn(text: string | null | undefined): readonly string[] {
  return text?.split(' ').filter((mark) => /^[0-9a-f]{32}$/.test(mark)) ?? [];
}

/** PostgreSQL 10 does not tell the host. */
function upstreamOf(values: Values): Upstream | undefined {
  return values.isNull('upstream_host')
    ? undefined
    : { host: values.host('upstream_host'), port: values.whole('upstream_port', maxPort) };
}

/** The columns of one row, each checked for what PostgreSQL can say there. */
class Values {
  readonly #columns: readonly (string | null)[];
  readonly #asked: Asked;

  constructor(columns: readonly (string | null)[], asked: Asked) {
    this.#columns = columns;
    this.#asked = asked;
  }

  isNull(column: Column): boolean {
    return this.#columns[names.indexOf(column)] === null;
  }

  flag(column: Column): boolean {
    return this.#checked(column, 't or f', (text) => text === 't' || text === 'f') === 't';
  }

  /** From 1 to `most`. */
  whole(column: Column, most: number): number {
    const isWhole = (text: string) => /^[1-9][0-9]{0,9}$/.test(text) && Number(text) <= most;
    return Number(this.#checked(column, `a whole number from 1 to ${most}`, isWhole));
  }

  /** As pg_controldata writes it: SQL has no unsigned type, so that its upper half, of clusters made after 2038, is negative. */
  system(column: Column): string {
    const text = this.#checked(column, 'a number of 64 bits', (text) => {
      if (!/^-?[1-9][0-9]{0,19}$/.test(text)) return false;
      const number = BigInt(text);
      return number === BigInt.asUintN(64, number) || number === BigInt.asIntN(64, number);
    });
    return BigInt.asUintN(64, BigInt(text)).toString();
  }

  lsn(column: Column): Lsn {
    return parseLsn(
      this.#checked(
        column,
        'a position such as 16/B374D848',
        (text) => /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/.test(text),
      ),
    );
  }

  start(column: Column): string {
    const isStart = (text: string) => /^[0-9]{1,17}(?: |$)/.test(text) && text.length <= maxStartLength;
    return this.#checked(column, 'microseconds, a port and addresses', isStart);
  }

  host(column: Column): string {
    const isHost = (text: string) => text !== '' && isPrintable(text, maxHostLength);
    return this.#checked(column, `a host of at most ${maxHostLength} characters`, isHost);
  }

  #checked(column: Column, what: string, isGood: (text: string) => boolean): string {
    const text = this.#columns[names.indexOf(column)];
    if (typeof text !== 'string') throw malformed(`its ${column} is missing`, this.#asked);
    if (!isGood(text)) {
      throw malformed(`its ${column} is "${printable(text, maxShown)}", not ${what}`, this.#asked);
    }
    return text;
  }
}
