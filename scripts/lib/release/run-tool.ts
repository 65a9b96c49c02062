/** A tool that must succeed; what it printed is shown only if it does not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { ReleaseError } from './release.ts';

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

export interface ToolOptions {
  readonly cwd: string;
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What it printed on its standard output. Throws ReleaseError. */
export function runTool(tool: string, args: readonly string[], { cwd, env }: ToolOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let [stdout, all] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk, all += chunk));
    child.stderr.on('data', (chunk) => all += chunk);
    child.once('error', (error) => {
      running.delete(child);
      reject(new ReleaseError(`${tool} does not run: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      if (code === 0) return resolve(stdout);
      reject(new ReleaseError(`${tool} ended with ${signal ?? `exit code ${code}`}:\n${all.trim()}`));
    });
  });
}
