/** `pg_gateway clients`: who is connected to a running gateway. */
import { type ArgsDef, defineCommand } from 'citty';
import type { Clients } from '../admin/commands.ts';
import type { ClientRow } from '../contract/messages.ts';
import { stateNames } from '../data/session/state.ts';
import { ConfigError } from '../errors.ts';
import { peerOf } from '../runtime/addresses.ts';
import { ask, gatewayArgs } from './ask.ts';
import { bytes } from './bytes.ts';
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
  ['KEPT', ({ keptBytes }) => bytes(keptBytes)],
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
  kept: ({ keptBytes }: ClientRow) => keptBytes,
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
  addresses: {
    type: 'boolean',
    description: 'count them by address, of IPv6 by /64, those with the most first',
  },
  json: { type: 'boolean', description: 'print all that is known, as JSON' },
};

export const clients = defineCommand({
  meta: {
    name: 'clients',
    description: 'Ask a running gateway who is connected, to which server, and how much passed.',
  },
  args: { ...gatewayArgs, ...ownArgs },
  async run({ args: { state, sort, json, addresses, ...args } }) {
    const by = sortingOf(sort);
    if (state !== undefined && !stateNames.some((name) => name === state)) {
      throw new ConfigError([`--state ${state} is none of ${stateNames.join(', ')}`]);
    }
    const { selection, gateway } = selectionIn(args);
    const answer = await ask<Clients>(gateway, 'clients', selection);
    const rows = answer.clients.filter((row) => state === undefined || row.state === state).sort(order(by));
    const { silentWorkers } = answer;
    const [told, text] = addresses
      ? [{ addresses: byAddress(rows) }, shownAddresses(byAddress(rows))]
      : [{ clients: rows }, shown(rows)];
    print(json ? JSON.stringify({ silentWorkers, ...told }, null, 1) : text);
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

interface AddressCount {
  /** As limits count: of IPv6 a /64; null: all unix sockets. */
  readonly address: string | null;
  readonly clients: number;
  readonly open: number;
  readonly keptBytes: number;
}

function byAddress(rows: readonly ClientRow[]): readonly AddressCount[] {
  const counts = new Map<string | null, AddressCount>();
  for (const { client, state, keptBytes } of rows) {
    const address = client === null ? null : peerOf(client);
    const { clients = 0, open = 0, keptBytes: kept = 0 } = counts.get(address) ?? {};
    counts.set(address, {
      address,
      clients: clients + 1,
      open: open + (state === 'open' ? 1 : 0),
      keptBytes: kept + keptBytes,
    });
  }
  return [...counts.values()].sort((a, b) => b.clients - a.clients);
}

function shownAddresses(counts: readonly AddressCount[]): string {
  return table(
    ['ADDRESS', 'CLIENTS', 'OPEN', 'KEPT'],
    counts.map(({ address, clients, open, keptBytes }) => [
      address ?? 'unix socket',
      String(clients),
      String(open),
      bytes(keptBytes),
    ]),
  );
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
