/** What /proc tells of a process, and where its threads may run. Linux only. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { familyOf, isRunning } from '../../../src/demo/servers/processes.ts';

/** USER_HZ: 100 on every Linux that user space gets to see. */
const tickMs = 10;

/**
 * Processor time of a process, all its threads, and its children, in milliseconds; steps of 10. Throws if it has
 * ended: what it would count then is no time at all.
 */
export function cpuMs(pid: number): number {
  mustRun(pid);
  return familyOf(pid).reduce((sum, member) => {
    const fields = statOf(member);
    // utime, stime, and those of children that have ended: fields 14 to 17, counted from the state as 3.
    return sum + [11, 12, 13, 14].reduce((ticks, at) => ticks + Number(fields[at] ?? 0), 0) * tickMs;
  }, 0);
}

function mustRun(pid: number): void {
  if (!isRunning(pid)) {
    throw new Error(`process ${pid} has ended: its time and memory cannot be read any more`);
  }
}

function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

export interface Memory {
  /** Resident: files, which others may share, and its own. */
  readonly restBytes: number;
  readonly ownBytes: number;
}

/** Of a process and its children. Throws if it has ended. */
export function memoryOf(pid: number): Memory {
  mustRun(pid);
  const sum = (name: string) =>
    familyOf(pid).reduce((total, member) => total + kibibytes(member, name) * 1024, 0);
  return { restBytes: sum('VmRSS'), ownBytes: sum('RssAnon') };
}

function kibibytes(pid: number, name: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The soft limit of open files of this process, which its children inherit. */
export function openFileLimit(): number {
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit === undefined ? 1024 : Number(limit);
}

/** What can be had without swapping. */
export function availableMemoryBytes(): number {
  return Number(/^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024;
}

/** The processors that this process may use, as taskset writes them: `0-3`. */
export function allowedCores(): string {
  return /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
}

/** The last of them: the first ones tend to serve the machine's interrupts. */
export function lastCore(cores: string): string {
  return /(\d+)$/.exec(cores)?.[1] ?? '0';
}

/** Binds every thread of a process and of its children to these cores. Throws where that is not allowed. */
export function pin(pid: number, cores: string): void {
  for (const member of familyOf(pid)) {
    try {
      pinAlone(member, cores);
    } catch (error) {
      // A child may have ended meanwhile.
      if (member === pid || isRunning(member)) throw error;
    }
  }
}

/** The same without its children. */
export function pinAlone(pid: number, cores: string): void {
  const { status, stderr } = spawnSync('taskset', ['-a', '-p', '-c', cores, String(pid)], {
    encoding: 'utf8',
  });
  if (status !== 0) {
    throw new Error(`taskset could not bind process ${pid} to core ${cores}: ${stderr.trim()}`);
  }
}
