/**
 * Which functions of the question a server lets the probe call. A hardened server has revoked some, and some services of
 * PostgreSQL have taken some away, or let them fail.
 */
import type { Lack } from '../cluster/observation.ts';
import { printable } from '../protocol/printable.ts';

interface Part {
  /** What is not known without it. */
  readonly loss: string;
  /** A call that fails only where the server does not have it. */
  readonly trial: string;
}

const onPrimary = (call: string) => `case when not pg_is_in_recovery() then ${call} end`;
// Of a constant it would be called while the statement is planned, whatever CASE says, and it fails in recovery.
const walFile = `(select pg_walfile_name(lsn) from (select '0/1000000'::pg_lsn as lsn offset 0) as its)`;
const strangers = 'a server of another cluster is not told from one of ours';
const oldPrimaries = 'an old primary that comes back is not told by its timeline';
const witness = 'a standby does not show, or shows late, that a newer timeline has begun';
const lag = 'how far a standby is behind is not known';

/** By name as GRANT has it. */
const parts = {
  'pg_control_system()': { loss: strangers, trial: 'pg_control_system()' },
  'pg_control_checkpoint()': { loss: witness, trial: 'pg_control_checkpoint()' },
  'pg_control_recovery()': { loss: witness, trial: 'pg_control_recovery()' },
  'pg_walfile_name(pg_lsn)': { loss: oldPrimaries, trial: onPrimary(walFile) },
  'pg_current_wal_lsn()': {
    loss: `${oldPrimaries}, and ${lag}`,
    trial: onPrimary('pg_current_wal_lsn()'),
  },
  'pg_last_wal_replay_lsn()': { loss: lag, trial: 'pg_last_wal_replay_lsn()' },
  'pg_last_wal_receive_lsn()': {
    loss: 'what a standby has received and not replayed is not known',
    trial: 'pg_last_wal_receive_lsn()',
  },
  'pg_stat_get_wal_receiver()': {
    loss: 'which primary a standby follows is not seen, so standbys have no vote',
    trial: 'pg_stat_get_wal_receiver()',
  },
} as const satisfies Record<string, Part>;

export type Callable = keyof typeof parts;

const names = Object.keys(parts) as Callable[];

/** One letter for each: t may be called, f may not, - is not there. It changes when somebody grants or revokes. */
export const rightsQuestion =
  `select string_agg(coalesce(left(has_function_privilege(to_regprocedure(name)::oid, 'execute')::text, 1), '-'), '' ` +
  `order by number) from unnest(array[${
    names.map((name) => `'${name}'`).join(', ')
  }]) with ordinality as its (name, number)`;

export interface Rights {
  /** The answer to the question above. */
  readonly letters: string;
  readonly lacks: readonly (Lack & { readonly name: Callable })[];
}

/**
 * After the question was refused. `run` asks for one value as text; `isRefused` knows an error that says that this part
 * cannot be had. To have the right does not suffice: Amazon Aurora has functions that may be called and always fail.
 */
export async function rightsOf(
  run: (statement: string) => Promise<string | null>,
  isRefused: (error: unknown) => boolean,
  user: string,
): Promise<Rights> {
  const letters = await run(rightsQuestion) ?? '';
  const lacks: Rights['lacks'][number][] = [];
  for (const [at, name] of names.entries()) {
    const { loss, trial } = parts[name];
    const isGranted = letters[at] === 't';
    if (isGranted && await canRun(() => run(`select (${trial})::text`), isRefused)) continue;
    const remedy = letters[at] === 'f'
      ? `grant execute on function ${name} to ${printable(quoted(user), 100)}`
      : undefined;
    lacks.push({ name, loss, remedy });
  }
  return { letters, lacks };
}

async function canRun(
  run: () => Promise<unknown>,
  isRefused: (error: unknown) => boolean,
): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    if (!isRefused(error)) throw error;
    return false;
  }
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
