/** The command line of scripts/soak. Pure. */
import { serverKindNames, serverKinds } from '../failover/kinds.ts';
import { readFlags, readNumber } from '../usage.ts';

const nameWidth = Math.max(...serverKindNames.map((name) => name.length)) + 2;

export const help =
  `scripts/soak: clients of every kind through the executable, a failover every half minute, and what grows meanwhile.

Three real PostgreSQL servers that replicate synchronously. Clients write rows, move money in transactions, connect for
one query, copy megabytes, listen, read by a cursor for long, cancel, sit idle, read from standbys, leave half-way; some
under TLS. Commands are asked, and the configuration is read again. Each second the gateway's memory, descriptors,
threads and processor time are read from /proc.

Prints the result as Markdown. The exit code is 1 if an acknowledged write was lost, an old primary took one, a client did
not come back, read something wrong, or saw another error than a lost connection at a failover, or if the gateway grew.

  --minutes COUNT     how long (60)
  --every SECONDS     from one failover to the next; later where the old primary is not back by then (30)
  --load PERCENT      how often clients do something; 50: half as often (100)
  --idle COUNT        sessions that sit idle (200)
  --seed NUMBER       the order of failovers, and all pauses; printed, so that they can be had again (random)
  --out FILE          also writes the Markdown there
  --json FILE         also writes everything that was measured
  --page              also writes docs/benchmarks/soak.md and docs/images/soak.svg
  --from FILE         measures nothing: takes what --json has written
  --help              this text

Failovers, in rounds of one of each, in an order that the seed decides:
${serverKindNames.map((name) => `  ${name.padEnd(nameWidth)}${serverKinds[name].what}`).join('\n')}
The more advanced standby is promoted, after the other one has left the old primary. That one comes back as a standby.

Ctrl-C ends it early, with the result so far; a second one at once. Exit code 2 is a mistake on the command line.
`;

export interface Options {
  readonly minutes: number;
  readonly everySeconds: number;
  readonly loadPercent: number;
  readonly idle: number;
  readonly seed: number;
  readonly out: string | undefined;
  readonly json: string | undefined;
  readonly page: boolean;
  readonly from: string | undefined;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    minutes: readNumber('--minutes', values.minutes, 60, 1, 1440),
    everySeconds: readNumber('--every', values.every, 30, 5, 3600),
    loadPercent: readNumber('--load', values.load, 100, 1, 1000),
    idle: readNumber('--idle', values.idle, 200, 1, 2000),
    seed: readNumber('--seed', values.seed, Math.floor(Math.random() * 1e6), 0, 999_999_999),
    out: values.out,
    json: values.json,
    page: values.page ?? false,
    from: values.from,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  return readFlags(args, {
    minutes: text,
    every: text,
    load: text,
    idle: text,
    seed: text,
    out: text,
    json: text,
    page: { type: 'boolean' },
    from: text,
    help: { type: 'boolean' },
  });
}
