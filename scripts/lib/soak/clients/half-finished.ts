/** Clients that leave half-way, or never get there: scanners, port checks, programs that crash. */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { sslRequest, startupMessage } from '../../../../test/bed/raw-client.ts';
import type { Job, Kind } from '../crew.ts';

/** What they say, and how they go. */
const ways: readonly ((socket: Socket) => void)[] = [
  (socket) => socket.end(),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.write(startupMessage().subarray(0, 3), () => socket.destroy()),
  (socket) => socket.write(startupMessage(), () => socket.resetAndDestroy()),
  (socket) => socket.write(sslRequest, () => socket.destroy()),
  (socket) => socket.end('GET / HTTP/1.0\r\n\r\n'),
  // These stay: the gateway has to end them.
  (socket) => socket.write(startupMessage().subarray(0, 9)),
  () => {},
];

/** More than STARTUP_TIMEOUT_MS. */
const mustEndWithinMs = 30_000;
const atOnce = 8;

export const halfFinished = (port: number): Kind => ({
  kind: 'half-finished',
  what: 'connect and leave in the middle of the first packet, of TLS or of the login, or stay silent',
  count: 1,
  restMs: 250,
  returns: false,
  waits: true,
  job: (_, random) => halfFinisher(port, random),
});

function halfFinisher(port: number, random: () => number): Job {
  const open = new Set<Socket>();
  let trouble: Error | undefined;
  const end = () => open.forEach((socket) => socket.destroy());
  return {
    work: async (done) => {
      const told = trouble;
      trouble = undefined;
      if (told) throw told;
      if (open.size < atOnce) {
        const way = ways[Math.floor(random() * ways.length)]!;
        const socket = connect(port, '127.0.0.1', () => way(socket));
        open.add(socket);
        const timer = setTimeout(() => {
          trouble = Object.assign(
            new Error(`half a client was still there after ${mustEndWithinMs / 1000} s`),
            {
              code: 'NOT_ENDED',
            },
          );
          socket.destroy();
        }, mustEndWithinMs);
        // How it ends is all the same; that it cannot even begin is not.
        socket.on('error', (error: NodeJS.ErrnoException) => {
          if (error.syscall === 'connect') trouble = error;
        }).resume();
        socket.once('close', () => {
          clearTimeout(timer);
          open.delete(socket);
        });
        done();
      }
      await pause(1);
    },
    renew: () => {},
    end,
  };
}
