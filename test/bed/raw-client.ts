/** A client in bare bytes, for what drivers hide: it decides itself when it reads. Logs in without a password. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

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

/** SSLRequest: the server answers `S`, and TLS begins, or `N`. */
export const sslRequest = Buffer.from('0000000804d2162f', 'hex');

/** TLS with the server behind `port`, out of this address of the machine. Rejects if it ends before that. */
export function openTls(port: number, from = '127.0.0.1'): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from }, () => socket.write(sslRequest));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection ended before there was TLS')));
    socket.once('data', (answer) => {
      if (answer.toString() !== 'S') return reject(new Error(`SSLRequest was answered with ${answer}`));
      const secure = connectTls({ socket, rejectUnauthorized: false }, () => resolve(secure));
      secure.once('error', reject);
    });
  });
}

/** Sends a cancel request under TLS, as libpq 17, pgx and npgsql do. Resolves with what came until the other side closed. */
export async function cancelUnderTls(port: number, key: Uint8Array, from?: string): Promise<Buffer> {
  const socket = await openTls(port, from);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(cancelMessage(key));
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks);
}

/** Logs in and asks. Resolves when the query has been sent. */
export async function startQuery(port: number, query: string): Promise<RunningQuery> {
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return await askOver(socket, query);
}

/** The same on a connection that is open. */
export function askOver(socket: Socket, query: string): Promise<RunningQuery> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    let key: Buffer | undefined;
    socket.write(startupMessage());
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
