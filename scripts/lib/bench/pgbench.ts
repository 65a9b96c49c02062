/** Runs of pgbench, and what their output says. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { run, start } from './children.ts';
import { p99Of } from './statistics.ts';

export interface Load {
  readonly host: string;
  readonly port: number;
  readonly clients: number;
  /** That count. */
  readonly seconds: number;
  /** A connection for every transaction. */
  readonly connects: boolean;
}

export interface Outcome {
  readonly transactions: number;
  readonly perSecond: number;
  readonly averageMs: number;
  /** That of the proxy, meanwhile. */
  readonly cpuMs: number;
  /** Words where there is none. */
  readonly p99Ms: number | string;
}

const env = { PGUSER: 'postgres', PGDATABASE: 'postgres', PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' };

/** Makes pgbench's tables, small enough to stay in memory. */
export async function prepareTables({ host, port }: { host: string; port: number }): Promise<void> {
  await run(['pgbench', '-i', '-q', '-s', '5', '-h', host, '-p', String(port)], 120_000, { env });
}

/**
 * Select-only, prepared; what its first second does, where PostgreSQL's processes are cold, is left out. `folder` is
 * for the log of single transactions, which is gone afterwards. `cpuMs` is read when counting begins and when it ends.
 */
export async function pgbench(load: Load, folder: string, cpuMs: () => number = () => 0): Promise<Outcome> {
  const logs = mkdtempSync(join(folder, 'pgbench-'));
  // A second more than is counted, so that it still runs at the end.
  const child = await start(commandOf(load, join(logs, 'log')), { env });
  try {
    const reached = (count: number) =>
      waitFor(`${count} seconds of pgbench`, () => {
        if (progressIn(child.output()).length >= count) return { isThere: true };
        return child.hasEnded() && { isThere: false };
      }, { deadlineMs: load.seconds * 1000 + 30_000, everyMs: 2 }).then(({ isThere }) => {
        if (!isThere) throw new Error(`pgbench ended early: ${child.output().trim().slice(-300)}`);
        return cpuMs();
      });
    const [before, after] = [await reached(1), await reached(load.seconds + 1)];
    await child.end();
    const counted = countIn(progressIn(child.output()).slice(0, load.seconds + 1));
    return {
      ...counted,
      cpuMs: after - before,
      p99Ms: load.connects ? connectsAnew : p99In(logs, counted.fromSeconds),
    };
  } finally {
    await child.end();
    rmSync(logs, { recursive: true, force: true });
  }
}

function commandOf({ host, port, clients, seconds, connects }: Load, prefix: string): string[] {
  // One transaction in ten is enough for a p99, and writing them all down would cost the client.
  const log = connects ? ['-C'] : ['-l', '--sampling-rate', '0.1', '--log-prefix', prefix];
  const threads = Math.min(2, clients);
  return [
    ...['pgbench', '-n', '-S', '-M', 'prepared', '-c', String(clients), '-j', String(threads)],
    ...['-P', '1', '--progress-timestamp', '-T', String(seconds + 2), '-h', host, '-p', String(port), ...log],
  ];
}

interface Second {
  /** Since 1970, when it was told. */
  readonly at: number;
  /** Transactions a second, since the one before was told. */
  readonly perSecond: number;
  readonly averageMs: number;
}

/** `progress: 1700000000.123 s, 47186.1 tps, lat 0.339 ms stddev 0.084, 0 failed`, a line for each second. */
export function progressIn(output: string): Second[] {
  const line = /^progress: ([\d.]+) s, ([\d.]+) tps, lat ([\d.]+) ms.*\n/gm;
  return [...output.matchAll(line)].map(([, at, perSecond, averageMs]) => (
    { at: Number(at), perSecond: Number(perSecond), averageMs: Number(averageMs) }
  ));
}

export type Counted = Omit<Outcome, 'p99Ms' | 'cpuMs'> & { readonly fromSeconds: number };

/** What was done after the first of these lines was told. Throws where that is nothing. */
export function countIn(seconds: readonly Second[]): Counted {
  const [first, ...counted] = seconds;
  let [transactions, waitedMs, before] = [0, 0, first?.at ?? 0];
  for (const { at, perSecond, averageMs } of counted) {
    const count = perSecond * (at - before);
    transactions += count;
    waitedMs += count * averageMs;
    before = at;
  }
  if (first === undefined || transactions <= 0) {
    throw new Error('pgbench did nothing in the time that counts');
  }
  const perSecond = transactions / (before - first.at);
  return { transactions, perSecond, averageMs: waitedMs / transactions, fromSeconds: first.at };
}

const connectsAnew = 'every connection is new, and it would not hold what is measured';

function p99In(folder: string, fromSeconds: number): number | string {
  const p99Us = p99Of(
    readdirSync(folder).flatMap((name) => readLog(readFileSync(join(folder, name), 'utf8'), fromSeconds)),
  );
  return typeof p99Us === 'number' ? p99Us / 1000 : p99Us;
}

/** Microseconds: the third column of `client transaction time script epoch us`, of what ended since then. */
export function readLog(text: string, fromSeconds: number): number[] {
  return text.split('\n').flatMap((line) => {
    const [, , time, , seconds, us] = line.split(' ').map(Number);
    // The last line may be cut: pgbench is ended while it runs.
    if (time === undefined || seconds === undefined || us === undefined) return [];
    return time > 0 && seconds + us / 1e6 >= fromSeconds ? [time] : [];
  });
}
