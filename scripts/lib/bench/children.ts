/** Every process that the benchmark starts, so that none is left when it ends, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { killFamily } from '../../../src/demo/servers/processes.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';

const alive = new Set<ChildProcess>();

export interface Child {
  readonly pid: number;
  /** All that it printed so far, both streams, or the end of it. */
  output(): string;
  /** What it says on its standard output, line by line, from the start. */
  readonly lines: readonly string[];
  hasEnded(): boolean;
  /** Writes to its standard input. */
  tell(text: string): void;
  /** Ends its standard input. */
  closeInput(): void;
  /** Kills it; resolves once it is gone. */
  end(): Promise<void>;
  /** Resolves with its exit code once it has ended; null if a signal ended it. */
  readonly ended: Promise<number | null>;
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const keptCharacters = 20_000;

/** What a child sees of our environment: a CONFIG_FILE or a PGHOST of somebody's shell would change what is measured. */
const kept = ['PATH', 'HOME', 'USER', 'TMPDIR'];

/** Rejects if the program cannot be started. `env` comes on top of the little that it sees of ours. */
export async function start(command: readonly string[], { env, cwd }: ChildOptions = {}): Promise<Child> {
  const [program = '', ...args] = command;
  const ours = Object.fromEntries(
    kept.flatMap((name) => name in process.env ? [[name, process.env[name]]] : []),
  );
  const process_ = spawn(program, args, { env: { ...ours, ...env }, ...(cwd === undefined ? {} : { cwd }) });
  alive.add(process_);
  let output = '';
  let partial = '';
  const lines: string[] = [];
  const keep = (chunk: unknown) => output = `${output}${chunk}`.slice(-keptCharacters);
  process_.stdout.on('data', (chunk) => {
    keep(chunk);
    const parts = `${partial}${chunk}`.split('\n');
    partial = parts.pop() ?? '';
    lines.push(...parts);
  });
  process_.stderr.on('data', keep);
  // It may end before it has read what we tell it.
  process_.stdin.on('error', () => {});
  const ended = new Promise<number | null>((resolve) => {
    process_.once('close', (code) => {
      alive.delete(process_);
      resolve(code);
    });
  });
  await new Promise<void>((resolve, reject) => {
    process_.once('spawn', resolve);
    process_.once('error', (error) => {
      alive.delete(process_);
      reject(error);
    });
  });
  return {
    pid: process_.pid as number,
    output: () => output,
    lines,
    hasEnded: () => process_.exitCode !== null || process_.signalCode !== null,
    tell: (text) => process_.stdin.write(text),
    closeInput: () => void process_.stdin.end(),
    end: async () => {
      kill(process_);
      await ended;
    },
    ended,
  };
}

/** Runs to the end and resolves with the output; rejects if that is not exit code 0 within the deadline. */
export async function run(
  command: readonly string[],
  deadlineMs: number,
  options: ChildOptions = {},
): Promise<string> {
  const child = await start(command, options);
  const timer = setTimeout(() => child.end(), deadlineMs);
  const code = await child.ended;
  clearTimeout(timer);
  if (code === 0) return child.output();
  const how = code === null ? `did not end within ${deadlineMs / 1000} s` : `ended with exit code ${code}`;
  throw new Error(`${command[0]} ${how}: ${child.output().trim().split('\n').slice(-3).join(' / ')}`);
}

/** The line of JSON at `index` of what a child prints. Rejects if it ends without it, or at the deadline. */
export function lineOf(child: Child, index: number, deadlineMs: number): Promise<Record<string, unknown>> {
  return waitFor(`line ${index + 1} of process ${child.pid}`, () => {
    const line = child.lines[index];
    if (line !== undefined) return { line };
    return child.hasEnded() && { line: undefined };
  }, { deadlineMs, everyMs: 2 }).then(({ line }) => {
    if (line === undefined) throw new Error(`it ended instead of answering: ${reasonIn(child.output())}`);
    return JSON.parse(line) as Record<string, unknown>;
  });
}

/** The line of a runtime's last words that says why, or else the last of all. */
function reasonIn(output: string): string {
  const lines = output.trim().split('\n');
  return lines.find((line) => /^error:/i.test(line)) ?? lines.at(-1) ?? '';
}

/** For the end of this process, where nothing can be waited for. */
export function killAll(): void {
  for (const child of alive) kill(child);
}

/** With its children: a worker of nginx outlives its master, and keeps what it prints to open. */
function kill({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) killFamily(pid);
}
