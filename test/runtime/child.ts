import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from '../bed/wait-for.ts';

/** A child process, and the first line that it said. */
export interface Child {
  readonly process: ChildProcess;
  readonly line: string;
  /** Kills it and waits until it is gone. */
  kill(): Promise<void>;
}

/** Runs a file beside this one on the runtime of this process, and waits for its first line of output. */
export async function startChild(file: string, args: readonly string[] = []): Promise<Child> {
  const run = 'Deno' in globalThis ? ['run', '-A', '--no-check'] : [];
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [...run, path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let exited = false;
  child.stdout.on('data', (chunk: Uint8Array) => output += new TextDecoder().decode(chunk));
  child.on('exit', () => exited = true);
  const kill = async () => {
    child.kill('SIGKILL');
    await until(() => exited, `${file} to exit`);
  };
  await until(() => output.includes('\n') || exited, `the first line of ${file}`, 20_000);
  if (exited) throw new Error(`${file} ended before it said anything`);
  return { process: child, line: output.slice(0, output.indexOf('\n')), kill };
}
