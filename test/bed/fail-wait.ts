/** Makes one worker thread of the native engine fail, as no signal can: its loop meets an error that it cannot go on from. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cannotStopThreads } from './stop-thread.ts';

const script = fileURLToPath(new URL('./fail-wait.py', import.meta.url));

/** Why it cannot be done here, or false. */
export const cannotFailWait = cannotStopThreads ||
  (process.arch !== 'x64' && 'what is written into its registers is that of x86-64');

/** `epoll_wait` of `thread` says EBADF. Resolves with the moment in ns, by the clock of `process.hrtime`. */
export async function failWait(thread: number): Promise<bigint> {
  const child = spawn('python3', [script, String(thread)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  let trouble = '';
  child.stderr.on('data', (text) => trouble += text);
  for await (const line of createInterface({ input: child.stdout })) {
    const [, ns] = /^failed (\d+)$/.exec(line) ?? [];
    if (ns === undefined) continue;
    await ended;
    return BigInt(ns);
  }
  throw new Error(`thread ${thread} could not be made to fail: ${trouble}`);
}
