/** The command line of scripts/failover. Pure. */
import type { GatewayRuntime } from '../../../test/bed/gateway.ts';
import { readFlags, readNames, readNumber } from '../usage.ts';
import { type KindName, kindNames, kinds } from './kinds.ts';

export const parts = ['promotions', 'cpu', 'alarms', 'log', 'troubles'] as const;
export type Part = (typeof parts)[number];

/** By the names that test/bed/gateway.ts has for them. */
export const programs = {
  node: 'node',
  bun: 'bun',
  deno: 'deno',
  executable: 'binary',
} as const satisfies Record<
  string,
  GatewayRuntime
>;
export type RuntimeName = keyof typeof programs;
export const runtimes = Object.keys(programs) as RuntimeName[];

const nameWidth = Math.max(...kindNames.map((name) => name.length)) + 2;

export const help =
  `scripts/failover: three real PostgreSQL servers that stream, the gateway in front of them, and five questions:

  promotions  how long after a promotion the first write through the gateway is acknowledged
  cpu         what probing three candidates at rest costs
  alarms      how often the gateway takes a busy machine for trouble
  log         what PostgreSQL writes to its log because of us
  troubles    the same while a server is down, starts for long, or rejects the probe, by default and at its noisiest

Prints a table, and whether the goals are met. About an hour for everything.

  --only LIST         which of the five, with commas between (all)
  --promotions COUNT  how many, each kind in turn; the old primary returns as a standby in between (50)
  --kinds LIST        of what is below (all; without silence where packets cannot be dropped)
  --clients COUNT     how many write meanwhile; one in four connects for each write (10)
  --seed NUMBER       the pauses between a fault and the promotion; printed, so that it can be had again (random)
  --seconds SECONDS   how long the CPU of the runtimes is watched, after two minutes (60)
  --minutes MINUTES   how long the logs and the busy machine are watched, in troubles three times (10)
  --intervals LIST    PROBE_INTERVAL_MS of the gateway, for promotions in turn, for cpu side by side (its default)
  --runtime LIST      what runs the gateway: ${runtimes.join(', ')} (cpu: all; otherwise the executable)
  --out FILE          also writes everything as JSON
  --from LIST         measures nothing: puts together what --out has written, in files with commas between
  --help              this text

Kinds of promotions:
${kindNames.map((name) => `  ${name.padEnd(nameWidth)}${kinds[name].what}`).join('\n')}
Each begins when the gateway knows both standbys. After the fault, if there is one, up to a second passes. The clock
starts with the last answer of the new primary that it is still in recovery (it is asked directly, every millisecond, by
a thread of its own), so it never starts too late; it stops when the first client was told of a commit on the new timeline.

Exit code 0 if it ran, whatever the figures; 1 if it could not; 2 for a mistake on the command line.
`;

export interface Options {
  readonly parts: readonly Part[];
  readonly promotions: number;
  /** Undefined: all that this machine can do. */
  readonly kinds: readonly KindName[] | undefined;
  readonly clients: number;
  readonly seed: number;
  readonly seconds: number;
  readonly minutes: number;
  /** Undefined: as each part does by itself. */
  readonly runtimes: readonly RuntimeName[] | undefined;
  /** In milliseconds; undefined in it: the gateway's default. */
  readonly intervals: readonly (number | undefined)[];
  readonly out: string | undefined;
  readonly from: readonly string[] | undefined;
  /** scripts/failover has put this process into a network of its own. */
  readonly isOwnNetwork: boolean;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    parts: readNames('--only', values.only, parts),
    promotions: readNumber('--promotions', values.promotions, 50, 1, 10_000),
    kinds: values.kinds === undefined ? undefined : readNames('--kinds', values.kinds, kindNames),
    // A server takes 100 connections.
    clients: readNumber('--clients', values.clients, 10, 1, 80),
    seed: readNumber('--seed', values.seed, Math.floor(Math.random() * 1e6), 0, 999_999_999),
    seconds: readNumber('--seconds', values.seconds, 60, 1, 3600),
    minutes: readNumber('--minutes', values.minutes, 10, 1, 1440),
    runtimes: values.runtime === undefined ? undefined : readNames('--runtime', values.runtime, runtimes),
    intervals: values.intervals?.split(',').map((text) => readNumber('--intervals', text, 0, 10, 60_000)) ??
      [undefined],
    out: values.out,
    from: values.from?.split(','),
    isOwnNetwork: values['own-network'] ?? false,
  };
}

/** Those that a part is about. */
export function runtimesOf(
  part: Part,
  { runtimes: chosen }: Pick<Options, 'runtimes'>,
): readonly RuntimeName[] {
  return chosen ?? (part === 'cpu' ? runtimes : ['executable']);
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  return readFlags(args, {
    only: text,
    promotions: text,
    kinds: text,
    clients: text,
    seed: text,
    seconds: text,
    minutes: text,
    runtime: text,
    intervals: text,
    out: text,
    from: text,
    'own-network': { type: 'boolean' },
    help: { type: 'boolean' },
  });
}
