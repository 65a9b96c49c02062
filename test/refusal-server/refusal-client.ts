/**
 * A client of the refusal server as the data plane would pass it on: the preamble in clear text, then the client's
 * TLS.
 */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Address } from '../../src/runtime/runtime.ts';
import { errorResponse, refusalPreamble, tlsIsReady } from '../../src/protocol/error-response.ts';

const refusal = {
  sqlstate: '57P03',
  message: 'pg_gateway has no primary to connect to',
  detail: 'a:5432 is a standby',
  hint: 'Try again',
  reason: 'refused',
} as const;

/** What the client must read in the end. */
export const sentence = Buffer.from(errorResponse(refusal));

/** What comes before the first byte of a client of `address`. */
export function preambleOf(address: string): Buffer {
  return Buffer.from(refusalPreamble(refusal, address, new Uint8Array(0)));
}

export const preamble = preambleOf('10.0.0.1');

/** What the refusal server says before the handshake. */
export const ready = Buffer.from(tlsIsReady);

/** A StartupMessage of protocol 3.0. */
export const startup = packet(196_608, 'user\0anna\0database\0app\0\0');

/** Packets without a type byte: a length word that counts itself, a code, a body. */
export function packet(code: number, body = ''): Buffer {
  const bytes = Buffer.alloc(8 + Buffer.byteLength(body));
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(code, 4);
  bytes.write(body, 8);
  return bytes;
}

/** All that came on a socket, and whether it is closed. */
export interface Heard {
  bytes: Buffer;
  isClosed: boolean;
}

export function listenTo(socket: Socket | TLSSocket): Heard {
  const heard: Heard = { bytes: Buffer.alloc(0), isClosed: false };
  socket.on('data', (chunk: Buffer) => heard.bytes = Buffer.concat([heard.bytes, chunk]));
  socket.on('error', () => {}); // a reset ends it as well as a FIN
  socket.on('close', () => heard.isClosed = true);
  return heard;
}

/** A plain connection to the refusal server. */
export async function dial(address: Address): Promise<Socket> {
  if (!('port' in address)) throw new Error('the refusal server is not on TCP');
  const socket = connectTcp(address.port, address.host);
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the refusal server has said that it is ready; rejects if it closes instead. */
export async function admitted(socket: Socket): Promise<void> {
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('close', () => reject(new Error('closed before the handshake')));
  });
  socket.pause();
  if (!bytes.equals(ready)) throw new Error(`it says ${bytes.toString('latin1')} before the handshake`);
}

/** Shakes hands on a socket over which the preamble was sent. Rejects if the refusal server does not. */
export async function secured(socket: Socket, alpn: readonly string[] = ['postgresql']): Promise<TLSSocket> {
  await admitted(socket);
  const tls = connectTls({
    socket,
    rejectUnauthorized: false,
    ALPNProtocols: [...alpn],
    servername: 'db.example',
  });
  await new Promise<void>((resolve, reject) => {
    tls.once('secureConnect', resolve);
    tls.once('error', reject);
    tls.once('close', () => reject(new Error('closed during the handshake')));
  });
  return tls;
}
