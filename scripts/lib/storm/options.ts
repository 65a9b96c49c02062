/** The command line of scripts/storm. Pure. */
import { readFlags, readNames, readNumber, UsageError } from '../usage.ts';

export const ways = ['gateway', 'haproxy', 'hosts'] as const;
export type WayName = (typeof ways)[number];

export const kinds = ['kill', 'freeze'] as const;
export type Kind = (typeof kinds)[number];

export const help =
  `scripts/storm: thousands of clients that all come back after a failover, and how long it takes to serve them.

Three real PostgreSQL servers that stream. Clients are logged in and ask a small question every few seconds. Then the
primary is killed or frozen, and a second after that a standby is promoted. A client whose session breaks, or whose answer does
not come within 5 s, connects again: at once, then after 50 ms, doubled up to a second, less up to half of it by chance. It
is served once a row that it has inserted is acknowledged by the new primary. The clock starts with the last answer of
that server that it is still in recovery. The clients, their patience and their pauses are the same in all ways:

  gateway   dist/pg_gateway, with its defaults
  haproxy   HAProxy with the configuration of Patroni's documentation (inter 3s fall 3 rise 2, shutdown-sessions), and room
            for all clients; its checks are answered by small servers that know of the fault and the promotion at once
  hosts     no proxy: clients try a list of all servers in order, as target_session_attrs=read-write of libpq does. The
            server that is promoted stands second, behind the old primary

Prints a table in Markdown, and whether the gateway is ahead of both.

  --ways LIST        which of them, with commas between (all); each round has each, in turn
  --clients COUNT    how many (2000)
  --rounds COUNT     how often; each time with servers of its own (3)
  --kind NAME        what befalls the primary: kill (kill -9), or freeze (its connections stay open, nothing answers) (kill)
  --set NAME=VALUE   a setting of the gateway other than its default; may be given several times
  --seed NUMBER      when the fault comes, and all pauses; printed, so that they can be had again (random)
  --out FILE         also writes the table there
  --json FILE        also writes everything that was measured
  --help             this text

A round of 2,000 clients takes about two minutes, each server 2 GB of memory. Exit code 0 if it ran, whatever the figures; 1
if it could not, or a client was never served; 2 for a mistake on the command line.
`;

export interface Options {
  readonly ways: readonly WayName[];
  readonly clients: number;
  readonly rounds: number;
  readonly kind: Kind;
  readonly settings: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly out: string | undefined;
  readonly json: string | undefined;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    ways: readNames('--ways', values.ways, ways),
    clients: readNumber('--clients', values.clients, 2000, 1, 9000),
    rounds: readNumber('--rounds', values.rounds, 3, 1, 1000),
    kind: readKind(values.kind ?? 'kill'),
    settings: Object.fromEntries((values.set ?? []).map(readSetting)),
    seed: readNumber('--seed', values.seed, Math.floor(Math.random() * 1e6), 0, 999_999_999),
    out: values.out,
    json: values.json,
  };
}

function readKind(text: string): Kind {
  const kind = kinds.find((name) => name === text);
  if (kind === undefined) throw new UsageError(`--kind ${text}: it is one of ${kinds.join(', ')}`);
  return kind;
}

/** Whether there is such a setting, and what it takes, the gateway says. */
function readSetting(text: string): [name: string, value: string] {
  const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(`--set ${text}: it has the form NAME=VALUE, such as MAX_HELD=500`);
  }
  return [name, value];
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  return readFlags(args, {
    ways: text,
    clients: text,
    rounds: text,
    kind: text,
    set: { type: 'string', multiple: true },
    seed: text,
    out: text,
    json: text,
    help: { type: 'boolean' },
  });
}
