/** `pg_gateway clients`: who is connected to a running gateway. */
import { type ArgsDef, defineCommand } from 'citty';
import type { Clients } from '../admin/commands.ts';
import type { ClientRow } from '../contract/messages.ts';
import { stateNames } from '../data/session/state.ts';
import { ConfigError } from '../errors.ts';
import { ask, gatewayArgs } from './ask.ts';
import { duration } from './explain/duration.ts';
import { print, say } from './print.ts';
import { selectionArgs, selectionIn } from './selection.ts';
import { table } from './table.ts';

type Column = readonly [heading: string, cell: (row: ClientRow) => string];

const columns: readonly Column[] = [
  ['CLIENT', ({ client }) => client ?? 'unix socket'],
  ['SINCE', ({ ageMs }) => duration(ageMs)],
  ['STATE', ({ state }) => state],
  ['PORT', ({ port }) => port],
  ['SERVER', ({ server }) => server ?? '-'],
  ['OUR END', ({ local }) => local ?? '-'],
  ['UP', ({ upBytes }) => bytes(upBytes)],
  ['DOWN', ({ downBytes }) => bytes(downBytes)],
  ['IDLE', ({ idleMs }) => idleMs === null ? '-' : duration(idleMs)],
  ['USER', ({ user }) => user ?? '-'],
  ['DATABASE', ({ database }) => database ?? '-'],
  ['APPLICATION', ({ application }) => application ?? '-'],
];

/** Figures from the largest down, texts from A up. */
export const sortings = {
  age: ({ ageMs }: ClientRow) => ageMs,
  idle: ({ idleMs }: ClientRow) => idleMs ?? -1,
  up: ({ upBytes }: ClientRow) => upBytes,
  down: ({ downBytes }: ClientRow) => downBytes,
  client: ({ client }: ClientRow) => client ?? '',
  server: ({ server }: ClientRow) => server ?? '',
  state: ({ state }: ClientRow) => state,
  user: ({ user }: ClientRow) => user ?? '',
  database: ({ database }: ClientRow) => database ?? '',
  application: ({ application }: ClientRow) => application ?? '',
} as const;

type Sorting = keyof typeof sortings;

const ownArgs: ArgsDef = {
  ...selectionArgs,
  state: {
    type: 'string',
    description: 'only clients in this state: opening, held, dialling, open, ...',
    valueHint: 'state',
  },
  sort: {
    type: 'string',
    description: `by ${Object.keys(sortings).join(', ')}; figures from the largest down (default: age)`,
    valueHint: 'column',
  },
  json: { type: 'boolean', description: 'print all that is known, as JSON' },
};

export const clients = defineCommand({
  meta: {
    name: 'clients',
    description: 'Ask a running gateway who is connected, to which server, and how much passed.',
  },
  args: { ...gatewayArgs, ...ownArgs },
  async run({ args: { state, sort, json, ...args } }) {
    const by = sortingOf(sort);
    if (state !== undefined && !stateNames.some((name) => name === state)) {
      throw new ConfigError([`--state ${state} is none of ${stateNames.join(', ')}`]);
    }
    const { selection, gateway } = selectionIn(args);
    const answer = await ask<Clients>(gateway, 'clients', selection);
    const rows = answer.clients.filter((row) => state === undefined || row.state === state).sort(order(by));
    const { silentWorkers } = answer;
    print(json ? JSON.stringify({ silentWorkers, clients: rows }, null, 1) : shown(rows));
    if (silentWorkers.length === 0) return 0;
    say(`pg_gateway: worker ${silentWorkers.join(', ')} did not answer in time: its clients are missing`);
    return 1;
  },
});

/** Throws ConfigError. */
function sortingOf(given: unknown): Sorting {
  if (given === undefined) return 'age';
  if (typeof given === 'string' && Object.hasOwn(sortings, given)) return given as Sorting;
  throw new ConfigError([`--sort ${given} is none of ${Object.keys(sortings).join(', ')}`]);
}

function shown(rows: readonly ClientRow[]): string {
  const headings = columns.map(([heading]) => heading);
  return table(headings, rows.map((row) => columns.map(([, cell]) => cell(row))));
}

function order(by: Sorting): (a: ClientRow, b: ClientRow) => number {
  const value = sortings[by];
  return (a, b) => {
    const [left, right] = [value(a), value(b)];
    return typeof left === 'number' && typeof right === 'number'
      ? right - left
      : String(left).localeCompare(String(right));
  };
}

/** `12 kB`, in steps of 1,024 as PostgreSQL writes sizes. */
function bytes(count: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [count, 0];
  for (; value >= 10_240 && unit < units.length - 1; unit++) value /= 1024;
  return `${Math.round(value)} ${units[unit]}`;
}
