/** Processor time of a PostgreSQL server. Linux only. */
import { readFileSync } from 'node:fs';
import { familyOf } from '../../../src/demo/servers/processes.ts';

const nsInMs = 1e6;
/** USER_HZ: 100 on every Linux that user space gets to see. */
const tickMs = 10;

/**
 * Of the postmaster at `pid` and its children, in milliseconds. Thousands of children have taken less than a tick each, of which
 * /proc/PID/stat says 0: those that are there are read from schedstat, in nanoseconds, and those that ended from the postmaster,
 * who has the sum.
 */
export function serverCpuMs(pid: number): number {
  const running = familyOf(pid).reduce((sum, member) => sum + ranNs(member), 0) / nsInMs;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // cutime and cstime: fields 16 and 17, counted from the state as 3.
  return running + (Number(fields[13]) + Number(fields[14])) * tickMs;
}

/** 0 for one that has ended. PostgreSQL's processes have one thread each. */
function ranNs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
}
