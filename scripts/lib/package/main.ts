/** `scripts/package`: .deb and .rpm from executables that are built already. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { attempt, readFlags, readNames, readNumber } from '../usage.ts';
import { type Architecture, architectures, executableOf, needsOf } from './architecture.ts';
import { writeContents } from './contents.ts';
import { makeDeb } from './deb.ts';
import { PackageError } from './error.ts';
import { type Identity, readIdentity } from './identity.ts';
import { makeRpm } from './rpm.ts';

const help =
  `scripts/package [--arch amd64,arm64] [--format deb,rpm] [--level 1 | --fast] [--out dist/packages]

Makes packages of dist/pg_gateway (amd64) and dist/pg_gateway-linux-arm64 (arm64), which must be there: scripts/build makes
them. Without --arch it takes those that are there. It needs dpkg-deb, rpmbuild and readelf ("apt-get install rpm binutils").

  --level N   how hard xz tries, from 0 to 9; 6 takes half a minute a package for a tenth less
  --fast      no compression, for a try
  --help

The same sources make the same bytes: the time in them is SOURCE_DATE_EPOCH, or that of the last commit.
Exit code 0: made; 1: could not be made; 2: asked for in a way that makes no sense.
`;

const root = join(import.meta.dirname, '../../..');

const formats = { deb: makeDeb, rpm: makeRpm } as const;
type Format = keyof typeof formats;

interface Options {
  readonly isHelp: boolean;
  readonly arch: readonly Architecture[] | undefined;
  readonly format: readonly Format[];
  /** Of xz; undefined: no compression. */
  readonly level: number | undefined;
  readonly out: string;
}

/** Throws UsageError. */
function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const values = readFlags(args, {
    arch: text,
    format: text,
    level: text,
    out: text,
    fast: { type: 'boolean' },
    help: { type: 'boolean' },
  });
  return {
    isHelp: values.help === true,
    arch: values.arch === undefined ? undefined : readNames('--arch', values.arch, architectures),
    format: readNames('--format', values.format, Object.keys(formats) as Format[]),
    level: values.fast ? undefined : readNumber('--level', values.level, 1, 0, 9),
    out: values.out ?? join(root, 'dist/packages'),
  };
}

/** Throws PackageError. */
function make({ arch, format, level, out }: Options): void {
  const identity = readIdentity(root);
  const wanted = arch ?? architectures.filter((one) => existsSync(executableOf(root, one)));
  if (wanted.length === 0) throw new PackageError('there is no executable in dist/: run scripts/build first');
  mkdirSync(out, { recursive: true });
  for (const one of wanted) makeOne(one, { identity, format, level, out });
}

function makeOne(
  architecture: Architecture,
  { identity, format, level, out }: Pick<Options, 'format' | 'level' | 'out'> & {
    readonly identity: Identity;
  },
): void {
  const executable = executableOf(root, architecture);
  const glibc = needsOf(executable, architecture);
  for (const one of format) {
    const folder = mkdtempSync(join(tmpdir(), 'package-'));
    try {
      writeContents({ root, folder: join(folder, 'contents'), executable, identity, format: one });
      console.log(described(formats[one]({ root, folder, out, architecture, glibc, identity, level })));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

function described(file: string): string {
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  return `${relative(process.cwd(), file)}: ${(statSync(file).size / 1e6).toFixed(1)} MB, sha256 ${sha256}`;
}

function main(): number {
  const options = attempt('scripts/package', help, () => readOptions(process.argv.slice(2)));
  if (options === undefined) return 2;
  if (options.isHelp) {
    console.log(help.trimEnd());
    return 0;
  }
  for (const [tool, of] of [['dpkg-deb', 'dpkg'], ['rpmbuild', 'rpm'], ['readelf', 'binutils']]) {
    if (spawnSync(tool!, ['--version']).error === undefined) continue;
    console.error(`scripts/package: ${tool} is not installed: it is in Debian's package ${of}`);
    return 1;
  }
  try {
    make(options);
    return 0;
  } catch (error) {
    if (!(error instanceof PackageError)) throw error;
    console.error(`scripts/package: ${error.message}`);
    return 1;
  }
}

process.exitCode = main();
