/** `scripts/build`: the program as one executable file, which counts as built only after it has run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, serves, tellsVersion } from './verify.ts';

const usage = `scripts/build [--deno]

Builds dist/pg_gateway with bun build --compile, runs it, and prints its size, sha256 and start-up time.

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
  const file = join(folder, 'pg_gateway');
  const { status, output } = run([...bunBuild, file], folder);
  if (status !== 0) throw new BuildError(output);
  const wrong = tellsVersion(file, version, folder) ?? await serves(file, folder);
  if (wrong !== undefined) throw new BuildError(`what bun built does not run: ${wrong}\n${output}`);
  return file;
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

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--deno' && arg !== '--help');
  if (unknown !== undefined) console.error(`scripts/build: unknown option ${unknown}\n`);
  if (unknown !== undefined || args.includes('--help')) {
    console.log(usage.trimEnd());
    return unknown === undefined ? 0 : 2;
  }
  const isDeno = args.includes('--deno');
  mkdirSync(dist, { recursive: true });
  // Beside its destination, so that the rename is one step and nobody ever runs half a file.
  const folder = mkdtempSync(join(dist, '.build-'));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', clean);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const file = join(dist, isDeno ? 'pg_gateway-deno' : 'pg_gateway');
  // If this build fails, nobody shall take the one before for it.
  rmSync(file, { force: true });
  try {
    const built = await (isDeno ? buildWithDeno(folder) : buildWithBun(folder));
    renameSync(built, file);
    console.log(describe(file));
    return 0;
  } catch (error) {
    if (error instanceof Skipped) {
      console.log(`skipped: ${error.message}`);
      return 0;
    }
    if (!(error instanceof BuildError)) throw error;
    console.error(`scripts/build: ${error.message}`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
