/** Installs what is missing from Debian, where that can be done; says why not otherwise. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Program, versionOf } from './versions.ts';

const packages: Readonly<Record<Program, string>> = {
  haproxy: 'haproxy',
  nginx: 'libnginx-mod-stream',
  pgbouncer: 'pgbouncer',
  pgbench: 'postgresql',
  taskset: 'util-linux',
  cc: 'gcc',
};

/** One sentence for each program that is not here and could not be installed. */
export function installMissing(programs: readonly Program[], mayInstall: boolean): string[] {
  const missing = () => programs.filter((program) => versionOf(program) === undefined);
  const wanted = missing();
  if (wanted.length === 0) return [];
  const names = wanted.map((program) => packages[program]);
  const trouble = mayInstall ? install(names) : '--no-install was given';
  return missing().map((program) =>
    `${program} is not installed (${trouble ?? 'apt-get gave something else'}): ` +
    `"apt-get install ${packages[program]}" brings it`
  );
}

/** Where packets vanish apt-get would otherwise wait for minutes, mirror by mirror. */
const patience = ['-o', 'Acquire::http::Timeout=10', '-o', 'Acquire::Retries=0'];

/** Undefined if apt-get succeeded. */
function install(names: readonly string[]): string | undefined {
  if (!existsSync('/usr/bin/apt-get')) return 'there is no apt-get here';
  if (process.getuid?.() !== 0) return 'only root may install it';
  console.error(`bench: installing ${names.join(', ')} with apt-get`);
  // In runlevel 1 no package starts what it brings: an nginx would take port 80.
  const apt = (...args: string[]) =>
    spawnSync('apt-get', args, {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
      timeout: 300_000,
    });
  const command = [...patience, 'install', '-y', '--no-install-recommends', ...names];
  let last = apt(...command);
  if (last.status !== 0) {
    apt(...patience, 'update');
    last = apt(...command);
  }
  if (last.status === 0) return undefined;
  return `apt-get failed: ${(last.stderr ?? '').trim().split('\n').at(-1) ?? ''}`;
}
