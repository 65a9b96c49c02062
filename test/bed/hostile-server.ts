/**
 * A server that wants to harm the gateway: a real one, passed on byte for byte, with a fault at a chosen place. Under TLS it
 * has a certificate that the probe trusts, as whoever took over a standby has. Nothing in it ends by itself but with `close`.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from './certificate.ts';
import { sslRequest } from './raw-client.ts';

/** Who has connected, once it has said so. */
export type Visitor = 'probe' | 'client';

/** One connection, behind TLS if the visitor wanted that. */
export interface Visit {
  readonly socket: Socket;
  readonly visitor: Visitor;
  /** The StartupMessage. */
  readonly startup: Buffer;
  /** How many of the same visitor came before it. */
  readonly number: number;
  /** Lets the real server answer. `change` gets each of its messages whole, and what it returns is passed on. */
  relay(change?: (message: Buffer, type: string) => Buffer | undefined): void;
}

/** What it does to a connection; without one of them the real server serves it. */
export interface Hostility {
  /** As soon as it is accepted. True: it has taken the socket over. */
  readonly accepted?: (socket: Socket, number: number) => boolean;
  /** Instead of the answer to SSLRequest. True: likewise. */
  readonly tls?: (socket: Socket, number: number) => boolean;
  /** Another certificate than the good one, for connection `number`. */
  readonly certificate?: (number: number) => Certificate | undefined;
  /** Once it has heard the StartupMessage. */
  readonly began?: (visit: Visit) => void;
}

export class HostileServer {
  port = 0;
  hostility: Hostility;
  /** Connections ever. */
  accepted = 0;
  /** Connections that are open. */
  readonly sockets = new Set<Socket>();
  readonly #counts: Record<Visitor, number> = { probe: 0, client: 0 };
  readonly #target: number;
  readonly #good: Certificate | undefined;
  readonly #server: Server;

  /** `target` is the port of the real server, on the loopback, which trusts everybody there. Without `good` it has no TLS. */
  constructor(target: number, hostility: Hostility, good?: Certificate) {
    this.#target = target;
    this.hostility = hostility;
    this.#good = good;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** What all connections that are open have received and sent. */
  get bytesSent(): number {
    return this.#sentBefore + [...this.sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  }

  #sentBefore = 0;

  async listen(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const number = this.accepted;
    this.accepted += 1;
    this.sockets.add(socket);
    socket.on('error', () => {}).on('close', () => {
      this.#sentBefore += socket.bytesWritten;
      this.sockets.delete(socket);
    });
    if (this.hostility.accepted?.(socket, number)) return;
    socket.once('data', (first: Buffer) => {
      if (!first.equals(sslRequest)) return this.#begin(socket, first);
      if (this.hostility.tls?.(socket, number)) return;
      if (this.#good === undefined) {
        socket.write('N');
        return void socket.once('data', (startup: Buffer) => this.#begin(socket, startup));
      }
      socket.write('S');
      this.#secure(socket, this.hostility.certificate?.(number) ?? this.#good);
    });
  }

  #secure(socket: Socket, { certificate: cert, key }: Certificate): void {
    const secureContext = createSecureContext({ cert, key });
    const secure = new TLSSocket(socket, { isServer: true, secureContext });
    secure.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    secure.once('data', (startup: Buffer) => this.#begin(secure, startup));
  }

  #begin(socket: Socket, startup: Buffer): void {
    const visitor = startup.includes('application_name\0pg_gateway\0') ? 'probe' : 'client';
    const number = this.#counts[visitor]++;
    const relay: Visit['relay'] = (change) => this.#relay(socket, startup, change);
    if (this.hostility.began) this.hostility.began({ socket, visitor, startup, number, relay });
    else relay();
  }

  #relay(near: Socket, startup: Buffer, change?: Parameters<Visit['relay']>[0]): void {
    const far = connect(this.#target, '127.0.0.1', () => far.write(startup));
    far.on('error', () => {}).on('close', () => near.end());
    near.on('close', () => far.destroy()).pipe(far);
    let rest: Buffer = Buffer.alloc(0);
    far.on('data', (chunk: Buffer) => {
      if (change === undefined) return void near.write(chunk);
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const end = rest.length < 5 ? Infinity : 1 + rest.readInt32BE(1);
        if (rest.length < end) return;
        const bytes = change(rest.subarray(0, end), String.fromCharCode(rest[0]!));
        if (bytes !== undefined && near.writable) near.write(bytes);
        rest = rest.subarray(end);
      }
    });
  }
}

/** A message of a server. */
export function message(type: string, body: Buffer | string = ''): Buffer {
  const content = Buffer.from(body);
  return Buffer.concat([Buffer.from(type), int32(4 + content.length), content]);
}

/** The head of a message that says that it is `length` bytes long, its length word included. */
export function head(type: string, length: number): Buffer {
  return Buffer.concat([Buffer.from(type), int32(length)]);
}

export const authenticationOk = message('R', int32(0));
export const readyForQuery = message('Z', 'I');

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

/** Says `bytes` again and again, as fast as the other side takes them; `most` of them at the longest. */
export function flood(socket: Socket, bytes: Buffer, most = Infinity): void {
  let sent = 0;
  const block = Buffer.alloc(Math.ceil(65_536 / bytes.length) * bytes.length, bytes);
  const more = (): void => {
    while (!socket.destroyed && sent < most) {
      sent += block.length;
      if (!socket.write(block)) return void socket.once('drain', more);
    }
  };
  more();
}
