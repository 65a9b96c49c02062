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
      if (!endsReady(head)) return;
      isAsked = true;
      socket.write(queryMessage(query));
    });
  });
}

/** A CancelRequest with the secret `key` of a session. */
export function cancelMessage(key: Uint8Array): Buffer {
  const bytes = Buffer.alloc(8 + key.length);
  bytes.writeInt32BE(bytes.length, 0);
  bytes.writeInt32BE(80877102, 4);
  bytes.set(key, 8);
  return bytes;
}

export interface RunningQuery {
  /** What a cancel request needs to name its session, from BackendKeyData: process id and secret. */
  readonly key: Buffer;
  /** What has come since it was asked. */
  received(): string;
  end(): void;
}

/** Logs in and asks. Resolves when the query has been sent. */
export function startQuery(port: number, query: string): Promise<RunningQuery> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    let key: Buffer | undefined;
    const socket = connect(port, '127.0.0.1', () => socket.write(startupMessage()));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (key !== undefined || !endsReady(bytes)) return;
      const at = bytes.indexOf(Buffer.from([0x4b, 0, 0, 0, 12])); // BackendKeyData of protocol 3.0
      key = Buffer.from(bytes.subarray(at + 5, at + 13));
      bytes = Buffer.alloc(0);
      socket.write(queryMessage(query));
      resolve({ key, received: () => bytes.toString('latin1'), end: () => socket.destroy() });
    });
  });
}

/** ReadyForQuery, idle: the last message of a login. */
function endsReady(bytes: Buffer): boolean {
  return bytes.subarray(-6).equals(Buffer.from([0x5a, 0, 0, 0, 5, 0x49]));
}
