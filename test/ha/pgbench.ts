/** pgbench with a connection for each transaction: whoever connects during a switchover must not notice it. */
import { writeFileSync } from 'node:fs';
import { newPath } from '../support/workspace.ts';
import { execute } from './execute.ts';
import { postgresAccount, postgresBin } from './packages.ts';

export interface Bench {
  readonly transactions: number;
  /** What it says of clients that it gave up, and why; see `complaintsIn`. */
  readonly complaints: readonly string[];
}

/** Runs `script` for some seconds through a port of 127.0.0.1, as the user app. */
export async function pgbenchPerTransaction(
  port: number,
  script: string,
  clients: number,
  seconds: number,
): Promise<Bench> {
  const file = newPath(postgresAccount(), 'script');
  writeFileSync(file, script);
  const connection = ['-h', '127.0.0.1', '-p', String(port), '-U', 'app', 'postgres'];
  const work = ['-n', '-C', '-c', String(clients), '-T', String(seconds), '-f', file];
  // It ends with 2 if it gave up a client; what it says then is what we want to know.
  const command = ['sh', '-c', '"$@" 2>&1 || true', 'sh', `${postgresBin}/pgbench`, ...work, ...connection];
  const said = await execute(command, '', {
    env: { PATH: '/usr/bin:/bin', PGCONNECT_TIMEOUT: '60', PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' },
  });
  const transactions = /number of transactions actually processed: (\d+)/.exec(said)?.[1];
  if (transactions === undefined) throw new Error(`pgbench did not run: ${said}`);
  return { transactions: Number(transactions), complaints: complaintsIn(said) };
}

/** Told to a client in the middle of a transaction when its server shuts down. */
const toldSo = /aborted in command \d+ .*terminating connection due to administrator command/;
/** A commit that waits for a standby then hears this as a warning, and after it nothing but the end. */
const cutOff = /^WARNING: +canceling the wait for synchronous replication and terminating connection/;
const afterCutOff = /aborted in command \d+ .*perhaps the backend died while processing/;

/** What pgbench says of clients beyond what a server that shuts down does to a transaction that is under way. Pure. */
export function complaintsIn(said: string): string[] {
  const lines = said.split('\n');
  let excused = lines.filter((line) => cutOff.test(line)).length;
  return lines.filter((line) => {
    if (!line.startsWith('pgbench: error: ') || line.includes('Run was aborted') || toldSo.test(line)) {
      return false;
    }
    return !(afterCutOff.test(line) && excused-- > 0);
  });
}
