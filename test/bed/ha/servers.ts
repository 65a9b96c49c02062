/** What the servers themselves say, asked one by one and past every proxy. */
import postgres from 'postgres';
import { clientOf } from '../clients.ts';
import { waitFor } from '../wait-for.ts';
import type { Machine } from './machine.ts';
import type { Managed } from './manager.ts';

/** The user of the servers that may do everything. */
const superuser = 'postgres';

/** Asks one server; rejects at the deadline, for a frozen one never answers. */
export async function askServer(
  machine: Machine,
  statement: string,
  deadlineMs = 2000,
  database = 'postgres',
): Promise<postgres.Row[]> {
  const sql = clientOf(5432, {
    host: machine.address,
    user: superuser,
    database,
    connect_timeout: deadlineMs / 1000,
  });
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${machine.name} is silent`)), deadlineMs);
  });
  try {
    return [...await Promise.race([sql.unsafe(statement), tooLate])];
  } finally {
    clearTimeout(timer);
    await sql.end({ timeout: 0 });
  }
}

interface Standing {
  readonly machine: Machine;
  readonly isStandby: boolean;
  readonly timeline: number;
  /** Of a primary: how many standbys stream from it, and how many of them a commit may wait for. */
  readonly streaming: number;
  readonly synchronous: number;
}

const standingQuery = `select pg_is_in_recovery() as "isStandby",
  case when pg_is_in_recovery() then 0
    else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end as timeline,
  (select count(*)::int from pg_stat_replication where state = 'streaming' and application_name <> 'pg_rewind') as streaming,
  (select count(*)::int from pg_stat_replication where state = 'streaming' and sync_state in ('sync', 'quorum')) as synchronous`;

/** For servers that should be well: a busy machine lets them take their time. */
const patienceMs = 15_000;

async function standingOf(machine: Machine, deadlineMs?: number): Promise<Standing | undefined> {
  const [row] = await askServer(machine, standingQuery, deadlineMs).catch(() => []);
  return row && { machine, ...(row as unknown as Omit<Standing, 'machine'>) };
}

/** The primaries among the nodes that answer: more than one during some faults. */
export async function primariesOf(nodes: readonly Machine[]): Promise<Machine[]> {
  const standings = await Promise.all(nodes.map((node) => standingOf(node)));
  return standings.filter((one) => one?.isStandby === false).map((one) => one!.machine);
}

/** The primary on the newest timeline among the nodes that answer, if one of them is a primary. */
export async function newestPrimaryOf(nodes: readonly Machine[]): Promise<Machine | undefined> {
  return newestIn(await Promise.all(nodes.map((node) => standingOf(node))));
}

/** The same once all of them have answered: silence of a busy machine is not taken for "there is none". */
export function knownPrimaryOf(nodes: readonly Machine[]): Promise<Machine | undefined> {
  return waitFor(`${nodes.map(({ name }) => name).join(' and ')} to answer`, async () => {
    const standings = await Promise.all(nodes.map((node) => standingOf(node, patienceMs)));
    return standings.includes(undefined) ? undefined : { primary: newestIn(standings) };
  }, { deadlineMs: 120_000, everyMs: 250 }).then(({ primary }) => primary);
}

function newestIn(standings: readonly (Standing | undefined)[]): Machine | undefined {
  const primaries = standings.filter((one) => one?.isStandby === false);
  return primaries.toSorted((a, b) => (b?.timeline ?? 0) - (a?.timeline ?? 0))[0]?.machine;
}

/** Waits until one node is the primary, two stream from it, a commit waits for one of them, and the manager agrees. */
export async function untilWhole({ nodes, isContent }: Managed, deadlineMs = 180_000): Promise<Machine> {
  let last: readonly (Standing | undefined)[] = [];
  const whole = async (): Promise<Machine | undefined> => {
    last = await Promise.all(nodes.map((node) => standingOf(node, patienceMs)));
    const primaries = last.filter((one) => one?.isStandby === false);
    const [primary] = primaries;
    const isWhole = last.every((one) => one !== undefined) && primaries.length === 1 &&
      primary?.streaming === nodes.length - 1 && primary.synchronous > 0;
    return isWhole && await isContent() ? primary.machine : undefined;
  };
  const evidence = () =>
    nodes.map(({ name }, index) => {
      const one = last[index];
      if (one === undefined) return `${name} does not answer`;
      return one.isStandby ? `${name} is a standby` : `${name} is a primary with ${one.streaming} standbys`;
    }).join(', ');
  return await waitFor('one primary with two standbys', whole, { deadlineMs, everyMs: 250, evidence });
}
