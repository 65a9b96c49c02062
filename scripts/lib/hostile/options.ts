/** The command line of scripts/hostile. Pure. */
import { readFlags, readNames, readNumber } from '../usage.ts';

export const runtimes = ['executable', 'bun', 'node', 'deno'] as const;
export type Runtime = (typeof runtimes)[number];

export const help = `scripts/hostile [--runtime NAME] [--seconds N] [--rounds N] [--out FILE]

Starts a primary, two standbys and a gateway, once by themselves and once with hostile servers among the candidates, each of
another kind (test/bed/hostile-kinds.ts), and compares: processor time, memory, descriptors, lines of the log, what a client
waits for a query on a new connection, and how long a failover takes from the promotion to the route. Then it lets servers send
a gigabyte to the probe. Prints tables in Markdown.

  --runtime NAME  ${runtimes.join(', ')} (default: executable, which is dist/pg_gateway as it is)
  --seconds N     how long each gateway is watched at rest (default: 30)
  --rounds N      failovers of each kind (default: 5)
  --out FILE      writes the tables there, too
  --help

Exit code 0: measured; 1: it could not be; 2: a mistake on the command line.
`;

export interface Options {
  readonly runtime: Runtime;
  readonly seconds: number;
  readonly rounds: number;
  readonly out: string | undefined;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { help, runtime, seconds, rounds, out } = parse(args);
  if (help) return 'help';
  return {
    runtime: readNames('--runtime', runtime ?? 'executable', runtimes)[0]!,
    seconds: readNumber('--seconds', seconds, 30, 1, 3_600),
    rounds: readNumber('--rounds', rounds, 5, 1, 100),
    out,
  };
}

function parse(args: readonly string[]) {
  return readFlags(args, {
    runtime: { type: 'string' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean' },
  });
}
