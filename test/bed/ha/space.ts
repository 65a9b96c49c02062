/** The namespaces of one machine: network, processes, shared memory. They end with the first process in them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { listProcesses, type ProcessInfo } from '../../../src/demo/servers/processes.ts';
import { waitFor } from '../wait-for.ts';
import { execute } from './execute.ts';

export interface Space {
  /** Its first process, as seen from here. */
  readonly pid: number;
  /** The words in front of a command that make it run in here. */
  readonly enter: readonly string[];
  /** Runs a command as root in its network alone; rejects with what it said unless it succeeds. */
  asRoot(command: readonly string[], input?: string): Promise<string>;
  /** Everything in it but the first process, as seen from here. */
  processes(): ProcessInfo[];
  /** Returns once every process in it is gone. */
  close(): Promise<void>;
}

/**
 * A place of its own for sockets and pid files; then it waits for the end of our pipe. Bash also buries the orphans of
 * others, as a first process must: a dead postmaster would count as alive otherwise.
 */
const firstProcess =
  `mount -t tmpfs lab /run && install -d -o postgres -g postgres /run/postgresql && echo ready
read`;

export async function openSpace(): Promise<Space> {
  const unshare = [
    '--net',
    '--pid',
    '--ipc',
    '--mount-proc',
    '--fork',
    '--kill-child',
    'bash',
    '-c',
    firstProcess,
  ];
  // Detached: Ctrl-C in a terminal is meant for us alone.
  const child = spawn('unshare', unshare, { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  let isReady = false;
  child.stdout.once('data', () => isReady = true);
  await waitFor('a namespace to open', () => isReady || hasEnded(child));
  for (const part of [child, child.stdin, child.stdout]) (part as unknown as { unref(): void }).unref();
  const pid = firstChildOf(child);
  const enter = ['nsenter', '-t', String(pid), '--net', '--pid', '--ipc', '--mount'];
  const name = readlinkSync(`/proc/${pid}/ns/pid`);
  const processes = () => listProcesses().filter((one) => one.pid !== pid && spaceOf(one.pid) === name);
  return {
    pid,
    enter,
    processes,
    asRoot: (command, input) => execute(['nsenter', '-t', String(pid), '--net', ...command], input),
    close: async () => {
      child.stdin?.end();
      await waitFor('a namespace to end', () => hasEnded(child) && processes().length === 0);
    },
  };
}

function firstChildOf(child: ChildProcess): number {
  if (hasEnded(child)) throw new Error('no namespace could be opened: unshare ended');
  return Number.parseInt(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
}

function spaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    // It has ended.
    return undefined;
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
