/** When a server left recovery, as exactly as one can tell from outside. */
import { Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

/** Between these two it happened. In the milliseconds of `monotonicMs`. */
export interface Sighting {
  /** The last answer that it is in recovery. */
  readonly lastInMs: number;
  /** The first answer that it is not. */
  readonly firstOutMs: number;
}

/** The same clock in every thread, unlike `performance.now()`. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export interface Watch {
  /** Rejects if the server goes away. */
  readonly sighting: Promise<Sighting>;
  end(): Promise<unknown>;
}

/** Resolves once the standby at `port` is being watched. */
export async function watchRecovery(port: number): Promise<Watch> {
  const thread = new Worker(fileURLToPath(new URL('./recovery-thread.ts', import.meta.url)), {
    workerData: port,
  });
  const next = () => new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
  const first = await next();
  if (first !== 'watching') throw new Error(`the server at port ${port} is no standby`);
  const sighting = next() as Promise<Sighting>;
  // Whoever ends before does not wait for it.
  sighting.catch(() => {});
  return { sighting, end: () => thread.terminate() };
}
