/** Runs an executable as a user would, somewhere else and without any of our environment. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const deadlineMs = 15_000;

/** Undefined if `--version` tells this version; or else what it does, for a person. */
export function tellsVersion(file: string, version: string, cwd: string): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(file, ['--version'], {
    cwd,
    encoding: 'utf8',
    env: {},
    timeout: deadlineMs,
  });
  if (error !== undefined) return error.message;
  if (status === 0 && stdout.trim().split(/\s+/).at(-1) === version) return undefined;
  return `--version should print ${version}, and ended with exit code ${status} and: ${stdout}${stderr}`
    .trim();
}

/**
 * Undefined if it serves: a client can connect, which needs the worker, and SIGTERM ends it with exit code 0. Or else
 * what went wrong, with its log.
 */
export async function serves(file: string, cwd: string): Promise<string | undefined> {
  const [listenPort, metricsPort, nobody] = await freePorts(3) as [number, number, number];
  const child = spawn(file, [], {
    cwd,
    env: {
      CANDIDATES: `127.0.0.1:${nobody}`,
      LISTEN_HOST: '127.0.0.1',
      LISTEN_PORT: String(listenPort),
      METRICS_PORT: String(metricsPort),
      PGUSER: 'nobody',
      NUM_THREADS: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => log += bytes);
  let ending: string | undefined;
  child.once('error', (error) => ending = error.message);
  child.once('close', (code, signal) => ending ??= signal ?? `exit code ${code}`);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  try {
    const isUp = await until(() => ending !== undefined || answers(listenPort));
    if (ending !== undefined) return `it ended with ${ending} instead of serving:\n${log}`;
    if (!isUp) return `it did not listen within ${deadlineMs / 1000} s:\n${log}`;
    child.kill('SIGTERM');
    await until(() => ending !== undefined);
    return ending === 'exit code 0'
      ? undefined
      : `SIGTERM should end it with exit code 0, not ${ending}:\n${log}`;
  } finally {
    kill();
    process.off('exit', kill);
  }
}

/** Size, sha256, and the median of the start-up times: a `--version`, from the spawn to the end. */
export function describe(file: string): string {
  const times = Array.from({ length: 9 }, () => {
    const started = performance.now();
    spawnSync(file, ['--version'], { env: {} });
    return performance.now() - started;
  }).sort((a, b) => a - b);
  return `${describeFile(file)}, starts in ${times[4]?.toFixed(0)} ms`;
}

/** Size and sha256. */
export function describeFile(file: string): string {
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  const size = (statSync(file).size / 1e6).toFixed(1);
  return `${relative(process.cwd(), file)}: ${size} MB, sha256 ${sha256}`;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (performance.now() < deadline) {
    if (await condition()) return true;
    await pause(10);
  }
  return false;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Free when asked; all at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () =>
      new Promise<ReturnType<typeof createServer>>((resolve) => {
        const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
      })),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
