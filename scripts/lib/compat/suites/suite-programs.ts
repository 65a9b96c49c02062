/**
 * PostgreSQL's own test suites: their files out of Debian's sources, and the programs that run them, which Debian has in
 * no package, compiled against its development files. All of it stays in node_modules/.cache for the next run.
 */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../bench/children.ts';
import { packagesFolder } from '../packages.ts';
import { findTool } from '../tool.ts';
import { Apt, fileIn } from './apt.ts';

export interface SuitePrograms {
  /** Has the programs, `regress.so` and what else the servers load, and in `test` what the sources have there. */
  readonly folder: string;
  /** Of the sources, which an archive has not always of its newest server. */
  readonly sourceVersion: string;
}

const deadlineMs = 300_000;

/** For the server of Debian's package postgresql-`version`, whose programs are in `bin`. */
export async function suitePrograms(
  version: number,
  bin: string,
): Promise<SuitePrograms | { readonly absent: string }> {
  for (
    const [name, where] of [['apt-get', 'apt'], ['gcc', 'gcc'], ['dpkg-deb', 'dpkg'], [
      'bzip2',
      'bzip2',
    ]] as const
  ) {
    if (findTool(name) === undefined) {
      return { absent: `there is no ${name}: Debian's package ${where} has it` };
    }
  }
  if (!existsSync('/usr/include/postgresql/libpq-fe.h')) {
    return { absent: "libpq's headers are missing: Debian's package libpq-dev has them" };
  }
  const cache = join(packagesFolder, '../suites', String(version));
  try {
    if (!existsSync(join(cache, 'ready'))) await make(version, bin, cache);
    const sources = fileIn(cache, /^postgresql-\d+\.\d+$/);
    return { folder: join(cache, 'ready'), sourceVersion: sources.replace(/.*-/, '') };
  } catch (error) {
    return { absent: (error as Error).message };
  }
}

async function make(version: number, bin: string, cache: string): Promise<void> {
  rmSync(cache, { recursive: true, force: true });
  const [fetched, unpacked] = [join(cache, 'fetched'), join(cache, 'unpacked')];
  for (const folder of [fetched, unpacked]) mkdirSync(folder, { recursive: true });
  const apt = await Apt.of(join(cache, 'apt'));
  await fetchSources(apt, version, fetched);
  await apt.get(['download', `postgresql-server-dev-${version}`], fetched);
  await run(['dpkg-deb', '-x', fileIn(fetched, /\.deb$/), unpacked], deadlineMs);
  const wanted = ['--wildcards', '*/src/test/regress', '*/src/test/isolation'];
  await run(['tar', '-xjf', fileIn(fetched, /\.orig\.tar\.bz2$/), '-C', cache, ...wanted], deadlineMs);
  const test = join(fileIn(cache, /^postgresql-\d+\.\d+$/), 'src/test');
  const made = join(cache, 'made');
  mkdirSync(made);
  await compile(version, bin, { test, unpacked, made });
  // What the tests of triggers load out of contrib/spi; a server has one folder for all.
  for (const name of ['refint.so', 'autoinc.so']) cpSync(join(bin, '../lib', name), join(made, name));
  cpSync(test, join(made, 'test'), { recursive: true });
  renameSync(made, join(cache, 'ready'));
  for (const folder of [fetched, unpacked, join(cache, 'apt')]) rmSync(folder, { recursive: true });
}

/** Of the newest version that the archive still has. */
async function fetchSources(apt: Apt, version: number, folder: string): Promise<void> {
  const name = `postgresql-${version}`;
  let why = 'it lists none';
  for (const each of await apt.versionsOf(name)) {
    try {
      await apt.get(['source', '--download-only', `${name}=${each}`], folder);
      return;
    } catch (error) {
      why = (error as Error).message;
    }
  }
  throw new Error(`the archive has no sources of ${name}: ${why}`);
}

async function compile(
  version: number,
  bin: string,
  { test, unpacked, made }: { readonly test: string; readonly unpacked: string; readonly made: string },
): Promise<void> {
  // What PostgreSQL's own build writes; the programs look here for psql unless they are told another folder.
  const paths = {
    PGBINDIR: bin,
    LIBDIR: join(bin, '../lib'),
    PKGLIBDIR: join(bin, '../lib'),
    PGSHAREDIR: bin,
  };
  const header = Object.entries(paths).map(([name, path]) => `#define ${name} ${JSON.stringify(path)}\n`);
  writeFileSync(join(made, 'pg_config_paths.h'), header.join(''));
  const development = join(unpacked, 'usr/include/postgresql');
  const includes = [
    made,
    join(development, `${version}/server`),
    join(development, 'internal'),
    development,
    '/usr/include/postgresql',
    '/usr/include/postgresql/internal',
    join(test, 'regress'),
    join(test, 'isolation'),
  ].map((folder) => `-I${folder}`);
  const defines = ['HOST_TUPLE="linux"', 'SHELLPROG="/bin/sh"', 'DLSUFFIX=".so"'].map((text) => `-D${text}`);
  const libraries = ['pgfeutils', 'pgcommon', 'pgport'].map((name) =>
    join(unpacked, `usr/lib/postgresql/${version}/lib/lib${name}.a`)
  );
  const gcc = async (
    flags: readonly string[],
    sources: readonly string[],
    rest: readonly string[],
    to: string,
  ) => {
    const files = sources.map((name) => join(test, name));
    await run(
      ['gcc', '-O1', '-w', ...flags, ...includes, ...files, ...rest, '-o', join(made, to)],
      deadlineMs,
    );
  };
  const program = (to: string, ...sources: readonly string[]) =>
    gcc(['-DFRONTEND', ...defines], sources, [...libraries, '-lpq', '-lm'], to);
  await program('pg_regress', 'regress/pg_regress.c', 'regress/pg_regress_main.c');
  await program('pg_isolation_regress', 'regress/pg_regress.c', 'isolation/isolation_main.c');
  await program('isolationtester', 'isolation/isolationtester.c', 'isolation/specparse.c');
  // As PostgreSQL is compiled itself: its sources rely on both.
  await gcc(['-fPIC', '-shared', '-fwrapv', '-fno-strict-aliasing'], ['regress/regress.c'], [], 'regress.so');
}
