/** The processes of this machine, as far as ending and freezing a PostgreSQL server needs them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  /** The arguments, with spaces between. PostgreSQL's children replace theirs by a title. */
  readonly command: string;
}

// Slim containers have no `ps`; macOS has no /proc.
const hasProc = existsSync('/proc/self/stat');

/** Everything that runs; a zombie only waits for its parent and does not count. */
export function listProcesses(): ProcessInfo[] {
  return (hasProc ? fromProc() : fromPs()).filter((process) => !isZombie(process));
}

function isZombie({ state }: ProcessInfo): boolean {
  return state.startsWith('Z');
}

function fromProc(): ProcessInfo[] {
  return readdirSync('/proc').filter((entry) => /^[0-9]+$/.test(entry)).flatMap((entry) =>
    readProc(entry) ?? []
  );
}

function readProc(pid: string): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in brackets and may itself hold blanks and brackets: count from the last one.
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid: Number(pid), parent: Number(parent), state, command };
  } catch {
    // It has ended.
    return undefined;
  }
}

function fromPs(): ProcessInfo[] {
  const text = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,state=,args='], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, state = '', command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s*(.*)$/.exec(line) ?? [];
    return pid ? [{ pid: Number(pid), parent: Number(parent), state, command }] : [];
  });
}

/** A process, its children, and theirs. */
export function familyOf(pid: number): number[] {
  const all = listProcesses();
  const family = new Set([pid]);
  // A member that is added while this goes through them is met, too.
  for (const member of family) {
    for (const { pid: child, parent } of all) if (parent === member) family.add(child);
  }
  return [...family];
}

export function isRunning(pid: number): boolean {
  if (!hasProc) return fromPs().some((process) => process.pid === pid && !isZombie(process));
  const found = readProc(String(pid));
  return found !== undefined && !isZombie(found);
}

/** Signals each; one that has ended meanwhile is no error. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/**
 * SIGKILL to a process and its children. The parent is stopped first, so that it cannot fork between the look
 * and the kill; an orphan that is itself stopped would stay for ever.
 */
export function killFamily(pid: number): number[] {
  signal([pid], 'SIGSTOP');
  const family = familyOf(pid);
  signal(family, 'SIGKILL');
  return family;
}
