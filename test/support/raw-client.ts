/** A client in bare bytes, for what drivers hide: it decides itself when it reads. Logs in without a password. */
import { connect, type Socket } from 'node:net';

/** A StartupMessage of protocol 3.0 for `postgres` in `postgres`. */
export function startupMessage(): Buffer {
  const text = 'user\0postgres\0database\0postgres\0\0';
  const bytes = Buffer.alloc(8 + text.length);
  bytes.writeInt32BE(bytes.length, 0);
  bytes.writeInt32BE(196608, 4);
  bytes.write(text, 8);
  return bytes;
}

/** A simple Query message. */
export function queryMessage(text: string): Buffer {
  const bytes = Buffer.alloc(6 + Buffer.byteLength(text));
  bytes.write('Q', 0);
  bytes.writeInt32BE(bytes.length - 1, 1);
  bytes.write(text, 5);
  return bytes;
}

/** Logs in, asks, and from then on reads nothing: the socket is paused. Resolves when the answer has begun. */
export function askAndStopReading(port: number, query: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    let isAsked = false;
    const socket = connect(port, '127.0.0.1', () => socket.write(startupMessage()));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      if (isAsked) {
        socket.pause();
        return resolve(socket);
      }
      head = Buffer.concat([head, chunk]);
      // ReadyForQuery, idle: the last message of a login.
      if (!head.subarray(-6).equals(Buffer.from([0x5a, 0, 0, 0, 5, 0x49]))) return;
      isAsked = true;
      socket.write(queryMessage(query));
    });
  });
}
