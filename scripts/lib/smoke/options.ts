/** The command line of scripts/smoke. Pure. */
import { parseArgs } from 'node:util';
import { UsageError } from '../usage.ts';

export const help = `scripts/smoke FILE [--run-by COMMAND]

Tries an executable, or an archive of a release, on the system that it is for: it tells its version, "check" says what it
found, a query comes through it from a PostgreSQL, and it ends when it is told to. An archive must hold what it should.

  --run-by COMMAND   what runs the executable, if this machine cannot by itself; {folder} stands for the folder in which
                     it lies, as in "docker run --rm --network host -v {folder}:{folder} alpine"
  --help

PostgreSQL is that of node_modules; PGBIN names the folder with initdb and pg_ctl of another. Linux, macOS and Windows.
Exit code 0: all is well; 1: it is not; 2: a mistake on the command line.
`;

export interface Options {
  /** A path. */
  readonly file: string;
  /** The words of --run-by; none if it was not given. */
  readonly runBy: readonly string[];
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('name one executable or archive');
  return { file, runBy: (values['run-by'] ?? '').split(' ').filter((word) => word !== '') };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { 'run-by': { type: 'string' }, help: { type: 'boolean' } },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
