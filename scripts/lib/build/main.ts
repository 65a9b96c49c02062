/** `scripts/build`: the program as one executable file, which counts as built only after it has run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, readFlags, UsageError } from '../usage.ts';
import { PackageError, unpackBun } from './bun-package.ts';
import { formatFault } from './format.ts';
import { signAdHoc, signatureFault } from './mach-o.ts';
import { fileOf, hostTarget, readTargets, type Target, type TargetName, targetOf } from './targets.ts';
import { describe, describeFile, serves, tellsVersion } from './verify.ts';

const usage = `scripts/build [--target NAME]... [--deno]

Builds dist/pg_gateway with bun build --compile, runs it, and prints its size, sha256 and start-up time.

  --target NAME
           dist/pg_gateway-NAME instead, for linux-x64, linux-x64-musl, linux-arm64, darwin-x64, darwin-arm64,
           windows-x64 (.exe), or all of them; several with commas between. Bun for it comes from npm. What cannot
           be run here is checked for its format, its version and its signature.
  --deno   dist/pg_gateway-deno with deno compile instead. It needs a denort: deno downloads it, or DENORT_BIN names
           one. Where there is none, the last line is "skipped: <reason>" and the exit code is 0.
  --help

Exit code 0: built and run, or skipped; 1: could not be built, or what was built does not run; 2: unknown option.
`;

const root = join(import.meta.dirname, '../../..');
const dist = join(root, 'dist');
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;

/** In this order, and without --root: the worker must lie beside the entry as it does in src/. */
const entries = [join(root, 'src/main.ts'), join(root, 'src/data/worker.ts')];

const bunBuild = [
  'bun',
  'build',
  '--compile',
  '--minify',
  '--bytecode',
  // Without it --bytecode means CommonJS, which knows no top-level await: the build fails, at times with exit code 0.
  '--format=esm',
  // What an import() names is loaded when it is called, and so are the modules of Bun that it alone imports.
  '--splitting',
  // The executable must not read .env or bunfig.toml of the folder that it is started in.
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
  ...entries,
  '--outfile',
];

// Without --bundle all of node_modules would be embedded, runtimes included.
const denoCompile = [
  'deno',
  'compile',
  '-A',
  '--no-check',
  '--no-lock',
  '--bundle',
  ...['--include', entries[1] as string],
  '--output',
];

class BuildError extends Error {}
/** Not our fault: this machine cannot build it. */
class Skipped extends Error {}

/** The bytes depend on this name: with the same one, two builds of one checkout are the same file. */
const builtName = 'pg_gateway';

/** Runs a tool of node_modules in `folder` and returns all that it printed. */
function run([tool, ...args]: readonly string[], folder: string): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(join(root, 'node_modules/.bin', tool as string), args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
  });
  if (error !== undefined) throw new BuildError(`could not run ${tool}: ${error.message}`);
  return { status, output: `${stdout}${stderr}`.trim() };
}

async function buildWithBun(folder: string): Promise<string> {
  const file = join(folder, builtName);
  const { status, output } = run([...bunBuild, file], folder);
  if (status !== 0) throw new BuildError(output);
  const wrong = tellsVersion(file, version, folder) ?? await serves(file, folder);
  if (wrong !== undefined) throw new BuildError(`what bun built does not run: ${wrong}\n${output}`);
  return file;
}

/** For a machine that need not be this one. */
async function buildFor(target: Target, folder: string): Promise<string> {
  const file = join(folder, `${builtName}${target.suffix}`);
  const bun = unpackBun(root, target.bunPackage, target.suffix, folder);
  const cross = ['--target', target.bunTarget, '--compile-executable-path', bun];
  const { status, output } = run([...bunBuild, file, ...cross], folder);
  if (status !== 0) throw new BuildError(output);
  if (target.name.startsWith('darwin')) signIfNeeded(file);
  const wrong = formatFault(readFileSync(file), target.name, version);
  if (wrong !== undefined) {
    throw new BuildError(`what bun built for ${target.name} is wrong: ${wrong}\n${output}`);
  }
  if (target.name !== hostTarget()) return file;
  const broken = tellsVersion(file, version, folder) ?? await serves(file, folder);
  if (broken !== undefined) throw new BuildError(`what bun built does not run: ${broken}\n${output}`);
  return file;
}

function signIfNeeded(file: string): void {
  const bytes = readFileSync(file);
  if (signatureFault(bytes) !== undefined) writeFileSync(file, signAdHoc(bytes, 'pg_gateway'));
}

async function buildWithDeno(folder: string): Promise<string> {
  const file = join(folder, 'pg_gateway-deno');
  const { status, output } = run([...denoCompile, file, entries[0] as string], folder);
  if (status !== 0) {
    if (!/denort|dl\.deno\.land|download/i.test(output)) throw new BuildError(output);
    const why = output.split('\n').find((line) => /^error|denort/i.test(line)) ?? output;
    throw new Skipped(`deno could not get its runtime, denort: ${why}`);
  }
  const wrong = tellsVersion(file, version, folder);
  // The deno command in the place of denort gives an executable that is just deno.
  if (wrong !== undefined && process.env['DENORT_BIN'] !== undefined) {
    throw new Skipped(`DENORT_BIN (${process.env['DENORT_BIN']}) is not a denort: ${wrong}`);
  }
  const broken = wrong ?? await serves(file, folder);
  if (broken !== undefined) throw new BuildError(`what deno built does not run: ${broken}\n${output}`);
  return file;
}

interface Options {
  readonly help: boolean;
  readonly deno: boolean;
  readonly targets: readonly TargetName[];
}

/** Throws UsageError. */
function readOptions(args: readonly string[]): Options {
  const values = parse(args);
  const targets = [...new Set(values.target.flatMap(readTargets))];
  if (values.deno && targets.length > 0) throw new UsageError('--deno builds for this machine alone');
  return { help: values.help, deno: values.deno, targets };
}

function parse(args: readonly string[]): { help: boolean; deno: boolean; target: string[] } {
  return readFlags(args, {
    help: { type: 'boolean', default: false },
    deno: { type: 'boolean', default: false },
    target: { type: 'string', multiple: true, default: [] },
  });
}

/** Builds into a folder of its own, and moves what is whole to `file`. */
async function make(file: string, build: (folder: string) => Promise<string>): Promise<void> {
  // Beside its destination, so that the rename is one step and nobody ever runs half a file.
  const folder = mkdtempSync(join(dist, '.build-'));
  let isMade = false;
  const clean = () => {
    rmSync(folder, { recursive: true, force: true });
    // Nobody shall take the one before for what could not be built. Until then it stays: somebody may be running it.
    if (!isMade) rmSync(file, { force: true });
  };
  process.once('exit', clean);
  try {
    renameSync(await build(folder), file);
    isMade = true;
  } finally {
    clean();
    process.off('exit', clean);
  }
}

async function makeTarget(name: TargetName): Promise<void> {
  const target = targetOf(name);
  const file = join(dist, fileOf(target));
  await make(file, (folder) => buildFor(target, folder));
  const told = name === hostTarget()
    ? describe(file)
    : `${describeFile(file)}, not run: it is not for this machine`;
  console.log(told);
}

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/build', usage, () => readOptions(args));
  if (options === undefined) return 2;
  if (options.help) {
    console.log(usage.trimEnd());
    return 0;
  }
  mkdirSync(dist, { recursive: true });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  try {
    for (const name of options.targets) await makeTarget(name);
    if (options.targets.length > 0) return 0;
    const file = join(dist, options.deno ? 'pg_gateway-deno' : 'pg_gateway');
    await make(file, options.deno ? buildWithDeno : buildWithBun);
    console.log(describe(file));
    return 0;
  } catch (error) {
    if (error instanceof Skipped) {
      console.log(`skipped: ${error.message}`);
      return 0;
    }
    if (!(error instanceof BuildError || error instanceof PackageError)) throw error;
    console.error(`scripts/build: ${error.message}`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
