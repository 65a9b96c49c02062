import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { readdirSync, readFileSync } from 'node:fs';
import { startChild } from './child.ts';
import { until } from '../bed/wait-for.ts';

/** More than any queue: Bun listens with a backlog of 512 whatever it is told. */
const MOST_FILLERS = 1024;
const FILLERS_AT_ONCE = 64;

/** An address on loopback that never answers a SYN: a listener whose queue is full and who never accepts. */
export interface BlackHole {
  readonly port: number;
  close(): Promise<void>;
}

export async function openBlackHole(): Promise<BlackHole> {
  const child = await startChild('./black-hole-child.ts');
  const port = Number(child.line);
  const fillers: Socket[] = [];
  while (unansweredTo(port) === 0) {
    if (fillers.length >= MOST_FILLERS) {
      throw new Error(`${fillers.length} connections did not fill the queue`);
    }
    const batch = Array.from({ length: FILLERS_AT_ONCE }, () => filler(port));
    fillers.push(...batch);
    const answered = () => batch.every((socket) => !socket.connecting);
    await until(() => unansweredTo(port) > 0 || answered(), 'connections that fill the queue');
  }
  await until(() => settled(port, fillers), 'the queue to be full');
  const close = async () => {
    for (const filler of fillers) filler.destroy();
    await child.kill();
  };
  return { port, close };
}

function filler(port: number): Socket {
  return createConnection(port, '127.0.0.1').on('error', () => undefined);
}

/** Every filler is either connected or hangs: none is on its way that could change the count of the hanging. */
function settled(port: number, fillers: Socket[]): boolean {
  return fillers.filter((socket) => socket.connecting).length === unansweredTo(port);
}

/** How many connects to `port` of this machine still wait for an answer (state SYN_SENT, source: proc(5)). */
export function unansweredTo(port: number): number {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return tcpTable().filter((row) => row[2]?.endsWith(remote) && row[3] === '02').length;
}

/** The rows of `/proc/net/tcp`: slot, local, remote, state, queues, timer, ... */
export function tcpTable(): string[][] {
  const lines = readFileSync('/proc/self/net/tcp', 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => line.trim().split(/\s+/));
}

/** Open sockets of this process. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
