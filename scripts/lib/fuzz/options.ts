/** The command line of scripts/fuzz. Pure. */
import { readFlags, readNames, readNumber } from '../usage.ts';

export const defaultRuns = 100_000;

export const help = (names: readonly string[]): string =>
  `scripts/fuzz [--target NAME,...] [--seed S] [--runs N] [--coverage]
scripts/fuzz --live SECONDS

Feeds each part that reads other people's bytes with mutations of good ones. What breaks is told with the command that does
it again, and kept in test/fuzz/seeds/NAME/, from where the tests replay it.

  --target NAME,...  ${names.join(', ')}
  --seed S           the same inputs for the same number (default: 1)
  --first N          begins with this input of the seed (default: 0)
  --runs N           inputs in total, shared among the targets; sockets get few of them (default: ${defaultRuns})
  --coverage         which lines of the sources the inputs reach
  --live SECONDS     random bytes to the ports and the control socket of a running gateway, beside a good client
  --help

Exit code 0: nothing broke; 1: something did; 2: a mistake on the command line.
`;

export interface Options {
  readonly targets: readonly string[];
  readonly seed: number;
  readonly first: number;
  readonly runs: number;
  readonly hasCoverage: boolean;
  /** Undefined: not wanted. */
  readonly liveSeconds: number | undefined;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[], names: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    targets: readNames('--target', values.target, names),
    seed: readNumber('--seed', values.seed, 1, 0, 999_999_999),
    first: readNumber('--first', values.first, 0, 0, 999_999_999),
    runs: readNumber('--runs', values.runs, defaultRuns, 1, 999_999_999),
    hasCoverage: values.coverage ?? false,
    liveSeconds: values.live === undefined ? undefined : readNumber('--live', values.live, 0, 1, 86_400),
  };
}

function parse(args: readonly string[]) {
  return readFlags(args, {
    target: { type: 'string' },
    seed: { type: 'string' },
    first: { type: 'string' },
    runs: { type: 'string' },
    coverage: { type: 'boolean' },
    live: { type: 'string' },
    help: { type: 'boolean' },
  });
}
