/** Runs the raw client of wire.bun.ts in its modes. */
import { join } from 'node:path';
import { type Child, lineOf, run, start } from './children.ts';

const bun = join(import.meta.dirname, '../../../node_modules/.bin/bun');
const script = join(import.meta.dirname, 'wire.bun.ts');
const deadlineMs = 60_000;

interface Place {
  readonly host: string;
  readonly port: number;
}

type Answer = Readonly<Record<string, number>>;

export async function wire(
  mode: 'connect' | 'ahead' | 'burst' | 'out' | 'in',
  { host, port }: Place,
  amount: number,
  ...other: readonly number[]
): Promise<Answer> {
  const output = await run([bun, script, mode, host, ...[port, amount, ...other].map(String)], deadlineMs);
  return JSON.parse(output) as Answer;
}

/** For the modes that talk while they run. Whoever starts it ends it. */
export function startWire(
  mode: 'quiet' | 'flood',
  { host, port }: Place,
  amount: number,
): Promise<Child> {
  return start([bun, script, mode, host, String(port), String(amount)]);
}

/**
 * Round trips, after `arrange` was called with the client's process id and, for `ping`, that of PostgreSQL's
 * process behind it.
 */
export async function roundTrips(
  mode: 'ping' | 'echo',
  { host, port }: Place,
  count: number,
  arrange: (client: number, backend: number | undefined) => void,
): Promise<Answer> {
  const child = await start([bun, script, mode, host, String(port), String(count)]);
  try {
    const { backend } = await lineOf(child, 0, deadlineMs);
    arrange(child.pid, typeof backend === 'number' ? backend : undefined);
    child.tell('x');
    return await lineOf(child, 1, deadlineMs) as Answer;
  } finally {
    await child.end();
  }
}

export interface EchoServer extends Place {
  readonly pid: number;
  end(): Promise<void>;
}

export async function startEcho(): Promise<EchoServer> {
  const child: Child = await start([bun, script, 'serve']);
  const { port } = await lineOf(child, 0, deadlineMs);
  return { host: '127.0.0.1', port: Number(port), pid: child.pid, end: () => child.end() };
}
