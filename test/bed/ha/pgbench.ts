/** pgbench with a connection for each transaction: whoever connects during a switchover must not notice it. */
import { writeFileSync } from 'node:fs';
import { newPath } from '../workspace.ts';
import { execute } from './execute.ts';
import { postgresAccount, postgresBin } from './packages.ts';

export interface Bench {
  readonly transactions: number;
  /** All that it printed; see `complaintsIn`. */
  readonly said: string;
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
  return { transactions: Number(transactions), said };
}

/** A server that shuts down tells whoever is in the middle of a transaction. */
const told = /aborted in command \d+ .*terminating connection due to administrator command/;
/**
 * All that pgbench says if the connection has ended when it looks for an answer: it does not read the reason, which may
 * have come together with the end of the login, or as a warning to a commit that waited for a standby.
 */
const cutOff = /aborted in command \d+ .*perhaps the backend died while processing/;

/**
 * What pgbench says of clients beyond what a server that shuts down does to a transaction that is under way.
 * `terminated` is how many sessions that server has ended, by its log: as many may have been cut off. Pure.
 */
export function complaintsIn(said: string, terminated: number): string[] {
  let excused = terminated;
  return said.split('\n').filter((line) => {
    if (!line.startsWith('pgbench: error: ') || line.includes('Run was aborted') || told.test(line)) {
      return false;
    }
    return !(cutOff.test(line) && excused-- > 0);
  });
}
