/** A real HAProxy on loopback, gone with the test. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ForeignProgram, startForeign } from './foreign-program.ts';
import { isFree } from './ports.ts';
import { newPath } from './workspace.ts';

const program = ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy'].find((path) => existsSync(path));

/** Why the tests that need HAProxy do not run, or false. For the `skip` of a test. */
export const noHaproxy = program === undefined ? 'haproxy is not installed (package haproxy)' : false;

/** What HAProxy finds wrong with the file at `path`; empty: nothing. */
export function faultsOfConfiguration(path: string): string {
  if (program === undefined) throw new Error('haproxy is not installed');
  const { status, stderr } = spawnSync(program, ['-c', '-f', path], { encoding: 'utf8' });
  return status === 0 ? '' : stderr;
}

/** Runs it with this configuration and resolves once something listens at each of `ports`: it binds them one by one. */
export async function startHaproxy(config: string, ...ports: readonly number[]): Promise<ForeignProgram> {
  if (program === undefined) throw new Error('haproxy is not installed');
  const folder = newPath(undefined, 'haproxy');
  mkdirSync(folder);
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, config);
  return await startForeign(
    program,
    ['-db', '-f', file],
    'HAProxy to listen',
    async () => (await Promise.all(ports.map((port) => isFree(port)))).every((isUnused) => !isUnused),
  );
}
