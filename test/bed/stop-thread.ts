/** Stops one thread of a process, which no signal can do. */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./stop-thread.py', import.meta.url));

/** Why no thread can be stopped here, or false. For the `skip` of a test. */
export const cannotStopThreads = process.platform !== 'linux'
  ? 'a single thread is stopped by ptrace, as Linux has it'
  : spawnSync('python3', ['-c', 'import ctypes']).status !== 0
  ? 'python3 is not installed, which stops a thread by ptrace'
  : process.getuid?.() !== 0
  ? 'only root may be sure to use ptrace on another process'
  : false;

/** Threads of `pid` that work for the program's own code: so Node, Bun and Deno call them, each in its way. */
export function workerThreads(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.filter((thread) => /^worker/i.test(readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8')))
    .map(Number);
}

/** Resolves when `thread` stands still, with the call that lets it go on. It goes on, too, when this process ends. */
export async function stopThread(thread: number): Promise<() => void> {
  const child = spawn('python3', [script, String(thread)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let trouble = '';
  child.stderr.on('data', (text) => trouble += text);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'stopped') return () => child.stdin.end();
  }
  throw new Error(`thread ${thread} could not be stopped: ${trouble}`);
}
