/** Runs one command to its end, without holding up the clients that write meanwhile. */
import { spawn } from 'node:child_process';

export interface Execution {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** SIGKILL after that. */
  readonly deadlineMs?: number;
}

/** Resolves with its standard output; rejects with all that it said unless it ends with 0. */
export function execute(command: readonly string[], input = '', options: Execution = {}): Promise<string> {
  const { deadlineMs = 120_000, ...rest } = options;
  const [program = '', ...args] = command;
  const child = spawn(program, args, { ...rest, stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => stdout += chunk);
  child.stderr.on('data', (chunk) => stderr += chunk);
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Not "close": a daemon that it started may hold its output open.
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      // What is still in the pipes comes in this turn or the next.
      setImmediate(() => {
        if (code === 0) return resolve(stdout);
        reject(new Error(`${command.join(' ')} ended with ${code ?? signal}: ${(stderr || stdout).trim()}`));
      });
    });
  });
}
