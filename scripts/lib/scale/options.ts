/** The command line of scripts/scale. Pure. */
import { readFlags, readNames, readNumber, UsageError } from '../usage.ts';

export const parts = ['idle', 'workers', 'evenness', 'death', 'memory'] as const;
export type Part = (typeof parts)[number];

/** NUM_THREADS of what is compared. */
export const workerCounts = [1, 2, 4] as const;

export const help = `scripts/scale: many sessions, and more than one worker.

  idle      what many idle sessions cost those that work: two of each proxy take turns, one with the idle sessions
            and one without, and change places after half of the rounds
  workers   transactions and processor time with 1, 2 and 4 workers
  evenness  how the kernel deals sessions out to 2 and 4 workers
  death     what the death of one of 1, 2 and 4 workers costs: sessions, time, what clients see; needs root and python3
  memory    at rest before three candidates, without workers and with 1, 2 and 4, after 5 s and after a minute

Busy sessions are those of pgbench -S -M prepared, at the primary, a real PostgreSQL. Idle ones come to the standby port of
the same gateway, and go to a stand-in that answers logins and passes only the probe on to a real standby: so it is the
gateway alone that has so many, and PostgreSQL's own slowness among thousands of processes is not measured.
Prints Markdown, with goals that are met or missed. About nine minutes for everything.

  --only LIST      which of the five, with commas between (all)
  --idle COUNT     idle sessions (9000)
  --busy COUNT     clients of pgbench (64)
  --rounds COUNT   of idle and workers; an even number (6)
  --seconds COUNT  how long a run of pgbench counts (5)
  --deaths COUNT   of a worker, for each number of workers (5)
  --with-haproxy   HAProxy in idle and workers, too, with as many threads
  --out FILE       writes the Markdown there, too
  --json FILE      writes all figures there
  --help           this text

Exit code 0 if it ran, whatever the figures; 1 if it could not; 2 for a mistake on the command line.
`;

export interface Options {
  readonly parts: readonly Part[];
  readonly idle: number;
  readonly busy: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly deaths: number;
  readonly hasHaproxy: boolean;
  readonly out: string | undefined;
  readonly json: string | undefined;
  /** As it was typed. */
  readonly command: string;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const rounds = readNumber('--rounds', values.rounds, 6, 2, 100);
  if (rounds % 2 !== 0) {
    throw new UsageError(`--rounds ${rounds} is odd: after half of them the idle sessions change places`);
  }
  return {
    parts: readNames('--only', values.only, parts),
    // More than that, and a proxy would need more than 20,000 descriptors.
    idle: readNumber('--idle', values.idle, 9000, 100, 9000),
    // A server takes 300 connections.
    busy: readNumber('--busy', values.busy, 64, 1, 200),
    rounds,
    seconds: readNumber('--seconds', values.seconds, 5, 1, 600),
    deaths: readNumber('--deaths', values.deaths, 5, 1, 100),
    hasHaproxy: values['with-haproxy'] ?? false,
    out: values.out,
    json: values.json,
    command: ['scripts/scale', ...args].join(' '),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  return readFlags(args, {
    only: text,
    idle: text,
    busy: text,
    rounds: text,
    seconds: text,
    deaths: text,
    out: text,
    json: text,
    'with-haproxy': flag,
    help: flag,
  });
}
