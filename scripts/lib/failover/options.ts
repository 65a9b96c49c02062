/** The command line of scripts/failover. Pure. */
import { parseArgs } from 'node:util';
import type { GatewayRuntime } from '../../../test/bed/gateway.ts';
import { readNames, readNumber, UsageError } from '../usage.ts';
import { kindNames, kinds } from './kinds.ts';

export const parts = ['promotions', 'cpu', 'log', 'troubles'] as const;
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
  `scripts/failover: three real PostgreSQL servers that stream, the gateway in front of them, and four questions:

  promotions  how long after a promotion the first write through the gateway is acknowledged
  cpu         what probing three candidates at rest costs
  log         what PostgreSQL writes to its log because of us
  troubles    the same while a server is down, starts for long, or rejects the probe, by default and at its noisiest

Prints a table, and whether the goals are met. About 50 minutes for everything.

  --only LIST         which of the four, with commas between (all)
  --promotions COUNT  how many, each kind in turn; the old primary returns as a standby in between (50)
  --clients COUNT     how many write meanwhile; one in four connects for each write (10)
  --seed NUMBER       the pauses between a fault and the promotion; printed, so that it can be had again (random)
  --seconds SECONDS   how long the CPU of the runtimes is watched, after two minutes (60)
  --minutes MINUTES   how long the logs are watched, in troubles three times (10)
  --runtime LIST      what runs the gateway: ${runtimes.join(', ')} (cpu: all; otherwise the executable)
  --out FILE          also writes everything as JSON
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
  readonly clients: number;
  readonly seed: number;
  readonly seconds: number;
  readonly minutes: number;
  /** Undefined: as each part does by itself. */
  readonly runtimes: readonly RuntimeName[] | undefined;
  readonly out: string | undefined;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    parts: readNames('--only', values.only, parts),
    promotions: readNumber('--promotions', values.promotions, 50, 1, 10_000),
    // A server takes 100 connections.
    clients: readNumber('--clients', values.clients, 10, 1, 80),
    seed: readNumber('--seed', values.seed, Math.floor(Math.random() * 1e6), 0, 999_999_999),
    seconds: readNumber('--seconds', values.seconds, 60, 1, 3600),
    minutes: readNumber('--minutes', values.minutes, 10, 1, 1440),
    runtimes: values.runtime === undefined ? undefined : readNames('--runtime', values.runtime, runtimes),
    out: values.out,
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
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: text,
        promotions: text,
        clients: text,
        seed: text,
        seconds: text,
        minutes: text,
        runtime: text,
        out: text,
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
