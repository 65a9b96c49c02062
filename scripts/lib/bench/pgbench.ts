/** Runs of pgbench, and what their output says. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './children.ts';
import { p99Of } from './statistics.ts';

export interface Load {
  readonly host: string;
  readonly port: number;
  readonly clients: number;
  readonly seconds: number;
  /** A connection for every transaction. */
  readonly connects: boolean;
}

export interface Outcome {
  readonly transactions: number;
  readonly perSecond: number;
  readonly averageMs: number;
  /** Words where there is none. */
  readonly p99Ms: number | string;
}

const env = { PGUSER: 'postgres', PGDATABASE: 'postgres', PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' };

/** Makes pgbench's tables, small enough to stay in memory. */
export async function prepareTables({ host, port }: { host: string; port: number }): Promise<void> {
  await run(['pgbench', '-i', '-q', '-s', '5', '-h', host, '-p', String(port)], 120_000, { env });
}

/** Select-only, prepared. `folder` is for the log of single transactions, which is gone afterwards. */
export async function pgbench(load: Load, folder: string): Promise<Outcome> {
  const logs = mkdtempSync(join(folder, 'pgbench-'));
  try {
    const output = await run(
      commandOf(load, join(logs, 'log')),
      load.seconds * 1000 + 30_000,
      { env },
    );
    return { ...readOutput(output), p99Ms: load.connects ? connectsAnew : p99In(logs) };
  } finally {
    rmSync(logs, { recursive: true, force: true });
  }
}

function commandOf({ host, port, clients, seconds, connects }: Load, prefix: string): string[] {
  // One transaction in ten is enough for a p99, and writing them all down would cost the client.
  const log = connects ? ['-C'] : ['-l', '--sampling-rate', '0.1', '--log-prefix', prefix];
  const threads = Math.min(2, clients);
  return [
    ...['pgbench', '-n', '-S', '-M', 'prepared', '-c', String(clients), '-j', String(threads)],
    ...['-T', String(seconds), '-h', host, '-p', String(port), ...log],
  ];
}

/** Throws, with the output, where there is no rate in it. */
export function readOutput(output: string): Omit<Outcome, 'p99Ms'> {
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1]);
  const outcome = {
    transactions: number(/actually processed: (\d+)/),
    perSecond: number(/tps = ([\d.]+)/),
    averageMs: number(/latency average = ([\d.]+) ms/),
  };
  if (Object.values(outcome).every((value) => value > 0)) return outcome;
  throw new Error(`pgbench measured nothing: ${output.trim()}`);
}

const connectsAnew = 'every connection is new, and it would not hold what is measured';

function p99In(folder: string): number | string {
  const p99Us = p99Of(
    readdirSync(folder).flatMap((name) => readLog(readFileSync(join(folder, name), 'utf8'))),
  );
  return typeof p99Us === 'number' ? p99Us / 1000 : p99Us;
}

/** Microseconds: the third column of `client transaction time script epoch us`. */
export function readLog(text: string): number[] {
  return text.split('\n').flatMap((line) => {
    const time = Number(line.split(' ')[2]);
    return time > 0 ? [time] : [];
  });
}
