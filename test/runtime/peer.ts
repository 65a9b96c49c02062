import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { until } from '../bed/wait-for.ts';
import type { Address } from '../../src/runtime/runtime.ts';

/** The other side of a connection under test: a plain node:net socket, so that a fault cannot hide on both sides. */
export class Peer {
  readonly socket: Socket;
  bytes = 0;
  ended = false;
  closed = false;
  errorCode = '';
  /** False from the first byte on that is not the pattern of `patterned`. */
  inOrder = true;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Uint8Array) => {
      for (let at = 0; at < chunk.length; at++) {
        if (chunk[at] !== ((this.bytes + at) * 31 & 0xff)) this.inOrder = false;
      }
      this.bytes += chunk.length;
    });
    socket.on('end', () => this.ended = true);
    socket.on('close', () => this.closed = true);
    socket.on('error', (error: Error & { code?: string }) => this.errorCode = error.code ?? error.message);
  }

  /** Sends `count` bytes that continue the pattern from `from`. */
  send(count: number, from = 0): void {
    this.socket.write(patterned(count, from));
  }
}

/** `count` bytes of the one endless pattern, from its byte `from` on: a lost or swapped byte shows. */
export function patterned(count: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at++) bytes[at] = (from + at) * 31 & 0xff;
  return bytes;
}

export function netTarget(address: Address): { host: string; port: number } | { path: string } {
  return 'path' in address ? { path: address.path } : { host: address.host, port: address.port };
}

export async function peerConnect(address: Address): Promise<Peer> {
  const socket = createConnection({ ...netTarget(address), allowHalfOpen: true });
  const peer = new Peer(socket);
  await until(() => !socket.connecting, 'the peer to connect');
  return peer;
}

/** A node:net server whose accepted sockets are in `peers`. */
export class PeerServer {
  readonly server: Server;
  readonly peers: Peer[] = [];
  address: Address;

  private constructor(address: Address) {
    this.address = address;
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.peers.push(new Peer(socket)));
  }

  static async listen(address: Address): Promise<PeerServer> {
    const self = new PeerServer(address);
    self.server.listen(netTarget(address));
    await until(() => self.server.listening, 'the peer to listen');
    const bound = self.server.address();
    if (bound !== null && typeof bound === 'object') self.address = { host: bound.address, port: bound.port };
    return self;
  }

  /** The next accepted peer, from the `index`-th on. */
  peer(index = 0): Promise<Peer> {
    return until(() => this.peers[index] as Peer, 'the peer to accept');
  }

  close(): void {
    for (const peer of this.peers) peer.socket.destroy();
    this.server.close();
  }
}

/**
 * Lets the event loop serve sockets for a while: some round trips over a connection of their own. For showing that
 * something does not happen: what the kernel had ready before has been handed out by then.
 */
export async function loopTurns(count = 10): Promise<void> {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await until(() => server.listening, 'the echo to listen');
  const client = createConnection((server.address() as { port: number }).port, '127.0.0.1');
  for (let turn = 0; turn < count; turn++) {
    const answered = new Promise((resolve) => client.once('data', resolve));
    client.write('x');
    await answered;
  }
  client.destroy();
  server.close();
}
