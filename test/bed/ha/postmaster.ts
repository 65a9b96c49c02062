/** Which process is the postmaster. Pure. */
import type { ProcessInfo } from '../../../src/demo/servers/processes.ts';

/** Undefined if there is none. Until a backend has given itself a title it has the postmaster's, whose child it is. */
export function postmasterAmong(processes: readonly ProcessInfo[]): number | undefined {
  const named = processes.filter(({ command }) => /^\S*\/postgres .*-D /.test(command));
  return named.find(({ parent }) => named.every(({ pid }) => pid !== parent))?.pid;
}
