/** How many threads move bytes in what was started. */
import { readFileSync } from 'node:fs';
import { familyOf, isRunning } from '../../../src/demo/servers/processes.ts';

/** Of the gateway: what its log says when it listens, for a runtime has many more threads that move nothing. */
export function threadsInLog(output: string): number | undefined {
  const workers = /"event":"listening".*"workers":(\d+)/.exec(output)?.[1];
  // Without workers the main thread does it.
  return workers === undefined ? undefined : Math.max(1, Number(workers));
}

/** Of a process that has no others, and of its children; undefined if it is gone. */
export function threadsOf(pid: number): number | undefined {
  const counts = familyOf(pid).flatMap((member) => threadsIn(member) ?? []);
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}

export function processesOf(pid: number): number | undefined {
  return isRunning(pid) ? familyOf(pid).length : undefined;
}

function threadsIn(pid: number): number | undefined {
  try {
    const count = /^Threads:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined;
  }
}

interface Counted {
  readonly kind: string;
  readonly threads: number | undefined;
  readonly processes: number | undefined;
  readonly absent: string | undefined;
}

/** Beside the name of a target wherever its figures are. */
export function threadsText({ kind, threads, processes, absent }: Counted): string {
  if (absent !== undefined) return '';
  if (kind === 'direct') return 'no proxy';
  if (threads === undefined) return 'threads unknown';
  const text = threads === 1 ? '1 thread' : `${threads} threads`;
  return processes === undefined || processes === 1 ? text : `${text} in ${processes} processes`;
}
