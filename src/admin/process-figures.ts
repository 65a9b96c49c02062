/** What the system knows of this process, for the series that every exporter of Prometheus has: `process_...`. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { openFileLimit } from '../config/open-files.ts';

export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
  readonly openFiles: number;
  /** Undefined: there is no limit. */
  readonly maxFiles: number | undefined;
  /** In seconds of Unix time. */
  readonly startedAt: number;
}

/** Linux counts a process's time in these, on every processor. */
const ticksPerSecond = 100;

/** Read once: on a machine with many processors that file takes milliseconds. */
let bootedAt: number | undefined;

/** Undefined where the system has no /proc, or this process may not read it. */
export function processFigures(): ProcessFigures | undefined {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    // The second field is a name in brackets, which may hold blanks and brackets itself: count from its end, with field 3 on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
    const field = (number: number): number => fields[number - 3]!;
    const status = readFileSync('/proc/self/status', 'utf8');
    bootedAt ??= Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))![1]);
    return {
      cpuSeconds: (field(14) + field(15)) / ticksPerSecond,
      residentBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024,
      virtualBytes: field(23),
      openFiles: openFiles(),
      maxFiles: openFileLimit(),
      startedAt: bootedAt + field(22) / ticksPerSecond,
    };
  } catch {
    return undefined;
  }
}

/** Linux tells the number since 6.2, and 0 before; a list of many thousands would hold up the probes. */
function openFiles(): number {
  return statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length;
}
