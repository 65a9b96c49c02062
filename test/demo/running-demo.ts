/** A demo as a process, with what it shows and what it leaves behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { waitFor } from '../bed/wait-for.ts';
import { Traces } from './leftovers.ts';

export interface RunningDemo {
  readonly child: ChildProcess;
  readonly traces: Traces;
  readonly output: () => string;
  shows(pattern: RegExp): Promise<void>;
}

const running = new Set<ChildProcess>();

/** For the end of a test file: those of tests that have failed. */
export function killRunning(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** `env` comes on top of ours, and TMPDIR, which is the folder that it is told. */
export function startDemo(
  [program = '', ...args]: readonly string[],
  envIn: (folder: string) => Record<string, string> = () => ({}),
): RunningDemo {
  const traces = new Traces();
  const { folder } = traces;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder, ...envIn(folder) },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output += chunk);
  // One that has ended reads no keys.
  child.stdin.on('error', () => {});
  return {
    child,
    traces,
    output: () => output,
    shows: async (pattern) => {
      await waitFor(`the demo to show ${pattern}`, () => pattern.test(output), {
        deadlineMs: 60_000,
        evidence: () => output.slice(-2000),
      });
    },
  };
}
