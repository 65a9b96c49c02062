/** A PostgreSQL for a moment, on Windows too, where it cannot be run as the tests run it. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from '../../../src/demo/servers/programs.ts';
import { type Account, chownTo } from '../../../src/demo/servers/server-files.ts';
import { postgresBinaries } from '../../../test/bed/postgres-binaries.ts';

export interface SmokeServer {
  stop(): void;
}

/** With a role postgres without a password; files go to `folder`. Throws with PostgreSQL's own words. */
export function startServer(folder: string, port: number): SmokeServer {
  const named = process.env['PGBIN'];
  const { bin, account }: { bin: string; account: Account | undefined } = named === undefined
    ? postgresBinaries()
    : { bin: named, account: undefined };
  mkdirSync(folder);
  chownTo(folder, account);
  const data = join(folder, 'data');
  const log = join(folder, 'log');
  // Windows' programs need more of the environment than those of Linux.
  const env = process.platform === 'win32' ? process.env : cleanEnvironment;
  const said = join(folder, 'said');
  const run = (name: string, ...args: string[]): void => {
    // No pipe: the server would keep it open, and we would wait for that.
    const output = openSync(said, 'a');
    const { status, error } = spawnSync(join(bin, name), args, {
      cwd: folder,
      env,
      stdio: ['ignore', output, output],
      ...account,
    });
    closeSync(output);
    if (error === undefined && status === 0) return;
    const words = [said, log].filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'));
    throw new Error(
      `${name} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}\n${words.join('\n')}`,
    );
  };
  run('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync');
  // In the file and not as options: pg_ctl quotes those in another way on Windows.
  appendFileSync(
    join(data, 'postgresql.conf'),
    `port = ${port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n` +
      (process.platform === 'win32' ? '' : 'dynamic_shared_memory_type = mmap\n'),
  );
  // Of pg_ctl, because PostgreSQL refuses an administrator of Windows, and pg_ctl lays the rights down.
  run('pg_ctl', '-D', data, '-l', log, '-w', '-s', 'start');
  return { stop: () => run('pg_ctl', '-D', data, '-m', 'immediate', '-w', '-s', 'stop') };
}
