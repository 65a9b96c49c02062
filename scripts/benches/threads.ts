/** How many threads move bytes in what was started. */
import { readFileSync } from 'node:fs';

/** Of the gateway: what its log says when it listens, for a runtime has many more threads that move nothing. */
export function threadsInLog(output: string): number | undefined {
  const workers = /"event":"listening".*"workers":(\d+)/.exec(output)?.[1];
  // Without workers the main thread does it.
  return workers === undefined ? undefined : Math.max(1, Number(workers));
}

/** Of a process that has no others; undefined if it is gone. */
export function threadsOf(pid: number): number | undefined {
  try {
    const count = /^Threads:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined;
  }
}

export function threadsText(count: number): string {
  return count === 1 ? '1 thread' : `${count} threads`;
}
