import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const asks = {
  haproxy: '-v',
  nginx: '-v',
  pgbouncer: '--version',
  pgbench: '--version',
  taskset: '--version',
  cc: '--version',
} as const;
/** Where Debian puts what nginx needs to pass on TCP. */
export const nginxStream = '/usr/lib/nginx/modules/ngx_stream_module.so';
export type Program = keyof typeof asks;

/** What a program of the system says of itself, in one line; undefined if it is not there. */
export function versionOf(program: Program): string | undefined {
  const { status, stdout, stderr } = spawnSync(program, [asks[program]], {
    encoding: 'utf8',
    timeout: 10_000,
    // It is in a folder for administrators, which a user's PATH does not have.
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
  });
  if (status !== 0 || (program === 'nginx' && !existsSync(nginxStream))) return undefined;
  // nginx says it on its standard error.
  return ((stdout || stderr).split('\n')[0] ?? program).replace(
    /^HAProxy version (\S+).*/,
    'HAProxy $1 (mode tcp, splice-auto)',
  )
    .replace(/^nginx version: nginx\/(\S+).*/, 'nginx $1 (stream)')
    .replace(
      /^PgBouncer (\S+).*/,
      'PgBouncer $1 (session mode; a pool, so connecting through it opens nothing)',
    );
}
