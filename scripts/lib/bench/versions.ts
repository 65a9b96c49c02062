import { spawnSync } from 'node:child_process';

const asks = { haproxy: '-v', pgbouncer: '--version', pgbench: '--version', taskset: '--version' } as const;
export type Program = keyof typeof asks;

/** What a program of the system says of itself, in one line; undefined if it is not there. */
export function versionOf(program: Program): string | undefined {
  const { status, stdout } = spawnSync(program, [asks[program]], { encoding: 'utf8', timeout: 10_000 });
  if (status !== 0) return undefined;
  return (stdout.split('\n')[0] ?? program).replace(
    /^HAProxy version (\S+).*/,
    'HAProxy $1 (mode tcp, splice-auto)',
  )
    .replace(
      /^PgBouncer (\S+).*/,
      'PgBouncer $1 (session mode; a pool, so connecting through it opens nothing)',
    );
}
