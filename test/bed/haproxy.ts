/** A real HAProxy on loopback, gone with the test. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFree } from './ports.ts';
import { waitFor } from './wait-for.ts';
import { newPath } from './workspace.ts';

const program = ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy'].find((path) => existsSync(path));

/** Why the tests that need HAProxy do not run, or false. For the `skip` of a test. */
export const noHaproxy = program === undefined ? 'haproxy is not installed (package haproxy)' : false;

export interface Haproxy {
  /** All that it has said up to now. */
  said(): string;
  stop(): Promise<void>;
}

/** Runs it with this configuration and resolves once something listens at `port`. */
export async function startHaproxy(config: string, port: number): Promise<Haproxy> {
  if (program === undefined) throw new Error('haproxy is not installed');
  const folder = newPath(undefined, 'haproxy');
  mkdirSync(folder);
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, config);
  const child = spawn(program, ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said += chunk);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = (): Promise<void> => {
    process.removeListener('exit', kill);
    kill();
    return ended;
  };
  try {
    await waitFor('HAProxy to listen', async () => child.exitCode === null && !await isFree(port), {
      evidence: () => said,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { said: () => said, stop };
}
