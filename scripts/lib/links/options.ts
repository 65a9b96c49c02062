/** The command line of scripts/links. Pure. */
import { readFlags, readNumber } from '../usage.ts';

export const help =
  `scripts/links [--gb N] [--minutes N] [--sessions N] [--megabytes N] [--seed N] [--out FILE]

COPY into a real PostgreSQL and out of it, through the gateway and a bad link on each side of it, in turn under latency and
jitter, in small pieces, over narrow links, with silences, resets and half-closes. What comes out is compared byte for byte,
what goes in by the server, row by row. Prints a table in Markdown: what was lost or changed, what was cut on purpose and
whether the client saw it, and what the gateway holds before and after.

  --gb N         gigabytes that are to arrive (default: 100)
  --minutes N    ends by then, however much has arrived (default: 600)
  --sessions N   copies at a time (default: 4)
  --megabytes N  how much under the same toxics, before the next ones (default: 400)
  --seed N       the rows, the pieces and where is cut; the same for the same number (default: 1)
  --out FILE     also writes the table there
  --help         this text

Exit code 0: nothing was lost, changed, left behind or hung; 1: something was, or it could not run; 2: a mistake on the
command line.
`;

export interface Options {
  readonly bytes: number;
  readonly minutes: number;
  readonly sessions: number;
  readonly legBytes: number;
  readonly seed: number;
  readonly out: string | undefined;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    bytes: readNumber('--gb', values.gb, 100, 1, 100_000) * 1e9,
    minutes: readNumber('--minutes', values.minutes, 600, 1, 100_000),
    // A server takes 100 connections.
    sessions: readNumber('--sessions', values.sessions, 4, 1, 40),
    legBytes: readNumber('--megabytes', values.megabytes, 400, 1, 100_000) * 1e6,
    seed: readNumber('--seed', values.seed, 1, 0, 999_999_999),
    out: values.out,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  return readFlags(args, {
    gb: text,
    minutes: text,
    sessions: text,
    megabytes: text,
    seed: text,
    out: text,
    help: { type: 'boolean' },
  });
}
