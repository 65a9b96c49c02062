/** Runs PostgreSQL's own suites, without the gateway and through it, and compares what each test printed. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, chownTo } from '../../../../src/demo/servers/server-files.ts';
import { otherPostgres, siteOf } from '../../../../test/bed/postgres-binaries.ts';
import { newPath } from '../../../../test/bed/workspace.ts';
import { Scene, type Way } from '../scene.ts';
import { compare, type Comparison, type Results } from './comparison.ts';
import type { SuiteName, SuiteWay } from './suite-names.ts';
import { type SuitePrograms, suitePrograms } from './suite-programs.ts';

/** Of one suite and one way through the gateway. */
export interface SuiteRow extends Comparison {
  readonly suite: SuiteName;
  readonly way: SuiteWay;
  readonly server: string;
  readonly sources: string;
  /** How many differ from what the sources expect: without the gateway, and through it. */
  readonly unexpected: { readonly direct: number; readonly through: number };
}

const programs: Readonly<Record<SuiteName, { readonly program: string; readonly schedule: string }>> = {
  regress: { program: 'pg_regress', schedule: 'parallel_schedule' },
  isolation: { program: 'pg_isolation_regress', schedule: 'isolation_schedule' },
};

const deadlineMs = 20 * 60_000;

/** Rejects, with the reason, where there is no PostgreSQL of Debian or no sources of it. */
export async function runSuites(
  names: readonly SuiteName[],
  ways: readonly SuiteWay[],
  tell: (line: string) => void,
): Promise<SuiteRow[]> {
  const debian = otherPostgres().at(-1);
  if (debian === undefined) {
    throw new Error("no PostgreSQL of Debian's is installed, whose suites could be run");
  }
  const made = await suitePrograms(debian.version, debian.bin);
  if ('absent' in made) throw new Error(made.absent);
  const { account } = siteOf(debian.bin);
  // The same for each run: some tests print their names.
  const places = { place: newPath(account, 'suite'), out: newPath(account, 'results') };
  const rows: SuiteRow[] = [];
  for (const suite of names) {
    for (const way of ways) {
      const run = async (way_: Way) => {
        tell(`${suite}, ${way}: ${way_ === 'direct' ? 'without the gateway' : 'through it'}`);
        return await runOnce(suite, { ...made, ...places, account, bin: debian.bin }, way_, way === 'tls');
      };
      // libpq says other things under TLS, so each way has its own to be compared with.
      const direct = [await run('direct'), await run('direct')];
      const through = await run('gateway');
      const row = {
        suite,
        way,
        server: through.server,
        sources: made.sourceVersion,
        unexpected: { direct: direct[0]?.unexpected ?? 0, through: through.unexpected },
        ...compare(direct.map(({ results }) => results), through.results),
      };
      tell(`${suite}, ${way}: ${row.same} of ${row.tests} the same; ${row.different.join(', ')}`);
      rows.push(row);
    }
  }
  return rows;
}

interface Setting extends SuitePrograms {
  /** Where the files of the suite are copied to, and where its results are written. */
  readonly place: string;
  readonly out: string;
  readonly account: Account | undefined;
  readonly bin: string;
}

interface Run {
  readonly results: Results;
  readonly unexpected: number;
  readonly server: string;
}

/** On a new cluster, so that nothing is left of the run before. */
async function runOnce(
  suite: SuiteName,
  { folder, place, out, account, bin }: Setting,
  way: Way,
  isEncrypted: boolean,
): Promise<Run> {
  // The servers read and write files of the tests, and may be of another account.
  cpSync(folder, place, { recursive: true });
  mkdirSync(out);
  chownTo(out, account);
  const scene = await Scene.start(bin, undefined, {
    max_prepared_transactions: '2',
    shared_buffers: '128MB',
  });
  try {
    const { program, schedule } = programs[suite];
    const input = join(place, 'test', suite);
    const said = await runAs(
      account,
      [
        join(place, program),
        `--bindir=${bin}`,
        `--inputdir=${input}`,
        `--outputdir=${out}`,
        `--dlpath=${place}`,
        '--host=127.0.0.1',
        `--port=${scene.port(way)}`,
        '--user=postgres',
        '--max-concurrent-tests=20',
        `--schedule=${join(input, schedule)}`,
      ],
      out,
      isEncrypted ? { PGSSLMODE: 'verify-full', PGSSLROOTCERT: scene.rootFile } : { PGSSLMODE: 'disable' },
    );
    const results = resultsIn(join(out, 'results'));
    if (results.size === 0) throw new Error(`${program} ran no test: ${said}`);
    return { results, unexpected: said.match(/\.\.\. FAILED/g)?.length ?? 0, server: scene.versionText };
  } finally {
    await scene.close();
    for (const path of [place, out]) rmSync(path, { recursive: true, force: true });
  }
}

function resultsIn(folder: string): Results {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder).filter((name) => name.endsWith('.out'));
  return new Map(names.map((name) => [name.slice(0, -4), readFileSync(join(folder, name), 'latin1')]));
}

/** Resolves with what it says, whatever its exit code: tests may fail, and are compared. */
function runAs(
  account: Account | undefined,
  [command = '', ...args]: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: cwd, ...env },
    timeout: deadlineMs,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...account,
  });
  let said = '';
  child.stdout.on('data', (bytes) => said += bytes);
  child.stderr.on('data', (bytes) => said += bytes);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(said));
  });
}
