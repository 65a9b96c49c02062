/** pgbench, as a load of many clients. It is in Debian's package postgresql, which .ci/run installs. */
import { spawn } from 'node:child_process';
import { existsSync, globSync, writeFileSync } from 'node:fs';
import { newPath } from './workspace.ts';

/** The newest; undefined: there is none on this machine. */
export const pgbenchPath: string | undefined =
  globSync('/usr/lib/postgresql/*/bin/pgbench').toSorted().at(-1) ??
    (existsSync('/usr/bin/pgbench') ? '/usr/bin/pgbench' : undefined);

export const noPgbench = "there is no pgbench on this machine: install Debian's package postgresql";

export interface Load {
  readonly code: number | null;
  readonly transactions: number;
  /** All that it printed. */
  readonly said: string;
}

/** Runs `select 1` through a port of 127.0.0.1 as the user postgres until its time is over. */
export function pgbench(port: number, seconds: number, ...options: string[]): Promise<Load> {
  if (pgbenchPath === undefined) throw new Error(noPgbench);
  const file = newPath(undefined, 'script');
  writeFileSync(file, 'select 1;\n');
  const args = ['-n', '-T', String(seconds), '-f', file, ...options, '-h', '127.0.0.1', '-p', String(port)];
  const child = spawn(pgbenchPath, [...args, '-U', 'postgres', 'postgres'], {
    env: { PATH: '/usr/bin:/bin', PGCONNECT_TIMEOUT: '60' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said += chunk);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const transactions = Number(/transactions actually processed: (\d+)/.exec(said)?.[1] ?? 0);
      resolve({ code, transactions, said });
    });
  });
}
