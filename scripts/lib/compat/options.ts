/** The command line of scripts/compat. Pure. */
import { readFlags, readNames } from '../usage.ts';
import { type CellName, cellNames, cells } from './cells.ts';
import { type SuiteName, suiteNames, type SuiteWay, suiteWays } from './suites/suite-names.ts';

export const versions = ['13', '14', '15', '16', '17', '18'] as const;
export type Version = (typeof versions)[number];

export const help =
  `scripts/compat: other people's programs through the gateway (dist/pg_gateway), before a real cluster whose primary
is killed, frozen or stopped in the middle. Prints tables. What fails is tried once more without the gateway, to see whose fault it is.

Programs are Debian's and npm's, the latter installed into node_modules/.cache. What is not to be had is named, with the
reason. PostgreSQL is Debian's where that version is installed, or comes from npm; 18 is that of the tests.

  --only TEXT       programs with TEXT in their name, with commas between (all)
  --cells LIST      ${cellNames.join(', ')} (all)
  --versions LIST   of PostgreSQL: ${versions.join(', ')} (15, 18)
  --suites LIST     instead of programs, PostgreSQL's own: ${
    suiteNames.join(', ')
  }. Out of Debian's sources, compiled
                    here and run twice without the gateway and once through it; ten minutes for both
  --ways LIST       of a suite: ${suiteWays.join(', ')} (both)
  --write           also keeps what came of it in docs/compatibility.jsonl, and writes docs/compatibility.md out of all
                    that is kept there
  --no-build        takes dist/pg_gateway as it is
  --help            this text

${cellNames.map((name) => `  ${name.padEnd(10)}${cells[name]}`).join('\n')}

Exit code 0 if nothing failed through the gateway that succeeds without it; 1 if something did, or if it could not run; 2
for a mistake on the command line.
`;

export interface Options {
  readonly only: readonly string[];
  readonly cells: readonly CellName[];
  readonly versions: readonly Version[];
  /** None: programs are run. */
  readonly suites: readonly SuiteName[];
  readonly ways: readonly SuiteWay[];
  readonly writes: boolean;
  readonly builds: boolean;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    only: (values.only ?? '').split(',').map((text) => text.trim().toLowerCase()),
    cells: readNames('--cells', values.cells, cellNames),
    versions: readNames('--versions', values.versions ?? '15,18', versions),
    suites: values.suites === undefined ? [] : readNames('--suites', values.suites, suiteNames),
    ways: readNames('--ways', values.ways, suiteWays),
    writes: values.write ?? false,
    builds: !values['no-build'],
  };
}

function parse(args: readonly string[]) {
  return readFlags(args, {
    only: { type: 'string' },
    cells: { type: 'string' },
    versions: { type: 'string' },
    suites: { type: 'string' },
    ways: { type: 'string' },
    write: { type: 'boolean' },
    'no-build': { type: 'boolean' },
    help: { type: 'boolean' },
  });
}
