/** `scripts/smoke`: whether what was built runs on the system that it is for. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import postgres from 'postgres';
import { freePort } from '../../../test/bed/ports.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { attempt } from '../usage.ts';
import { help, type Options, readOptions } from './options.ts';
import { startServer } from './server.ts';
import { isArchive, unpack } from './unpack.ts';

const root = join(import.meta.dirname, '../../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const deadlineMs = 60_000;

/** Without what libpq's programs go by: GitHub's machines with Windows have such, for a server of their own. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^PG[A-Z]/.test(name)),
);

/** The executable with what runs it; all settings are flags, which also reach it inside of a container. */
type Command = readonly [string, ...string[]];

function run([command, ...before]: Command, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(command, [...before, ...args], {
    encoding: 'utf8',
    env: environment,
    timeout: deadlineMs,
  });
  if (error !== undefined) throw error;
  return { status, output: `${stdout}${stderr}` };
}

function tellsVersion(command: Command): void {
  const { status, output } = run(command, '--version');
  if (status === 0 && output.trim() === `pg_gateway ${version}`) return;
  throw new Error(
    `--version should print "pg_gateway ${version}"; exit code ${status}, and it printed:\n${output}`,
  );
}

async function checksNobody(command: Command): Promise<void> {
  const { status, output } = run(command, 'check', '--candidates', `127.0.0.1:${await freePort()}`);
  if (status === 1 && output.includes('No primary') && output.includes('refuses connections')) return;
  throw new Error(
    `check without a server should find no primary; exit code ${status}, and it printed:\n${output}`,
  );
}

function checksServer(command: Command, candidate: string): void {
  const { status, output } = run(command, 'check', '--candidates', candidate, '--pguser', 'postgres');
  if (status === 0 && /primary/.test(output)) return;
  throw new Error(`check should find the primary; exit code ${status}, and it printed:\n${output}`);
}

async function passesQuery([command, ...before]: Command, candidate: string): Promise<void> {
  const port = await freePort();
  const settings = {
    '--candidates': candidate,
    '--pguser': 'postgres',
    '--listen-host': '127.0.0.1',
    '--listen-port': String(port),
    '--metrics-port': String(await freePort()),
  };
  const child = spawn(command, [...before, ...Object.entries(settings).flat()], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => log += bytes);
  let ending: string | undefined;
  child.once('error', (error) => ending = error.message);
  child.once('exit', (code, signal) => ending ??= signal ?? `exit code ${code}`);
  try {
    await waitFor('a query through the gateway', async () => {
      if (ending !== undefined) return true;
      const sql = postgres(`postgres://postgres@127.0.0.1:${port}/postgres`, { max: 1, connect_timeout: 20 });
      try {
        const [row] = await sql`select inet_server_port() as port`;
        return `127.0.0.1:${row?.['port']}` === candidate;
      } finally {
        await sql.end();
      }
    }, { deadlineMs, everyMs: 200, evidence: () => log });
    if (ending !== undefined) throw new Error(`it ended with ${ending} instead of serving:\n${log}`);
    await endsOnTerm(child, () => ending, () => log);
  } finally {
    kill();
    process.off('exit', kill);
  }
}

async function endsOnTerm(
  child: ChildProcess,
  ending: () => string | undefined,
  log: () => string,
): Promise<void> {
  child.kill('SIGTERM');
  await waitFor('the gateway to end after SIGTERM', () => ending() !== undefined, {
    deadlineMs,
    evidence: log,
  });
  // Windows knows no signals: there it was killed.
  if (process.platform === 'win32' || ending() === 'exit code 0') return;
  throw new Error(`SIGTERM should end it with exit code 0, not ${ending()}:\n${log()}`);
}

async function smoke({ file, runBy }: Options, folder: string): Promise<void> {
  const step = async (name: string, work: () => void | Promise<void>) => {
    await work();
    console.log(`ok  ${name}`);
  };
  let executable = resolve(file);
  if (isArchive(file)) {
    const unpacked = join(folder, 'unpacked');
    mkdirSync(unpacked);
    await step('the archive holds what it should', () => void (executable = unpack(file, unpacked)));
  }
  const words = runBy.map((word) => word.replaceAll('{folder}', dirname(executable)));
  const command = [...words, executable] as unknown as Command;
  await step(`--version is ${version}`, () => tellsVersion(command));
  await step('check says that nobody is there', () => checksNobody(command));
  const port = await freePort();
  const server = startServer(join(folder, 'postgres'), port);
  // Before the folder is deleted, whatever happens.
  process.prependOnceListener('exit', server.stop);
  try {
    await step('check finds the primary', () => checksServer(command, `127.0.0.1:${port}`));
    await step('a query comes through, and SIGTERM ends it', () => passesQuery(command, `127.0.0.1:${port}`));
  } finally {
    process.off('exit', server.stop);
    server.stop();
  }
}

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/smoke', help, () => readOptions(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  // PostgreSQL and what runs in a container may be somebody else.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'smoke-')));
  chmodSync(folder, 0o755);
  const clean = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  process.once('exit', clean);
  try {
    await smoke(options, folder);
    return 0;
  } catch (error) {
    console.error(`scripts/smoke: ${options.file}: ${(error as Error).message}`);
    return 1;
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
process.exit(await main(process.argv.slice(2)));
