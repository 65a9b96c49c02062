/** Processes that end together with all that they started, whatever happens. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** How long a group gets to clean up after SIGTERM: tests may have servers to stop and folders to delete. */
const graceMs = 5_000;

const live = new Set<number>();
let isEnding = false;
/** What a caller gets while the program is about to exit: nothing starts any more, nothing is reported. */
const never = new Promise<never>(() => {});

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly isLate: boolean;
}

/**
 * Runs a command in a process group of its own, with its output in a file: a pipe would stay open for as long as
 * anything that the command left behind. Ends the group when the command has ended, and at the deadline.
 */
export async function runGroup(
  command: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; log: string; deadlineMs: number },
): Promise<Ending> {
  if (isEnding) return never;
  const log = openSync(options.log, 'a');
  const child = spawn(command[0] as string, command.slice(1), {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const { pid } = child;
  let isLate = false;
  if (pid !== undefined) live.add(pid);
  const timer = setTimeout(() => {
    isLate = true;
    if (pid !== undefined) void endGroup(pid);
  }, options.deadlineMs);
  const done = () => {
    clearTimeout(timer);
    if (pid === undefined) return;
    signalGroup(pid, 'SIGKILL');
    live.delete(pid);
  };
  const ending = await new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal, isLate }));
  }).finally(done);
  return isEnding ? never : ending;
}

/** Ends every group that runs, and starts no other. For a program that is about to exit. */
export async function endAllGroups(): Promise<void> {
  isEnding = true;
  await Promise.all([...live].map(endGroup));
}

/** At once and without grace, for an exit handler, in which nothing can be awaited. */
export function killAllGroups(): void {
  for (const pid of live) signalGroup(pid, 'SIGKILL');
}

async function endGroup(pid: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  signalGroup(pid, 'SIGTERM');
  while (live.has(pid) && performance.now() < deadline) await pause(20);
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

/**
 * Kills what still works inside a folder, and says how many that were. PostgreSQL's processes leave every group and
 * session, but each stands in its data folder. Linux only: elsewhere nothing is found.
 */
export function killInside(folder: string): number {
  let killed = 0;
  for (const pid of listProcesses()) {
    try {
      if (!`${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`)) continue;
      process.kill(Number(pid), 'SIGKILL');
      killed++;
    } catch {
      // It has ended meanwhile, or it is not ours.
    }
  }
  return killed;
}

function listProcesses(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
