import { deepEqual } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../bed/wait-for.ts';
import { Peer, peerConnect, PeerServer } from './peer.ts';
import { recorder, Trace } from './recorder.ts';
import type { Reactions } from './recorder.ts';
import type {
  Address,
  ConnectOptions,
  Handlers,
  Listener,
  ListenOptions,
  NetError,
  Runtime,
} from '../../src/runtime/runtime.ts';

export const CONNECT: ConnectOptions = { noDelay: true, timeoutMs: 10_000 };
export const LISTEN: ListenOptions = { noDelay: true, backlog: 128, reusePort: false };

export type Family = 'tcp' | 'unix';
/** How the connection under test came to be. */
export type Role = 'accepted' | 'connected';

export interface Pair {
  readonly trace: Trace;
  readonly peer: Peer;
  /** Ends both sides and asserts that no promise was broken. */
  finish(): Promise<void>;
}

/** A fresh address to listen on, with what removes it. */
export function freshAddress(family: Family): { address: Address; remove(): void } {
  if (family === 'tcp') return { address: { host: '127.0.0.1', port: 0 }, remove: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'pg_gateway-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return { address: { path: join(folder, 'socket') }, remove };
}

/** Listens and waits until it does; a failure is thrown. */
export async function listening<D>(
  runtime: Runtime,
  address: Address,
  handlers: Handlers<D>,
  options: ListenOptions = LISTEN,
): Promise<Listener> {
  const state: { listener?: Listener; error?: NetError } = {};
  runtime.listen(address, options, handlers, {
    listening: (listener) => state.listener = listener,
    failed: (error) => state.error = error,
  });
  await until(() => state.listener ?? state.error, 'the listener');
  if (state.listener === undefined) throw new Error(`listen failed: ${state.error?.code}`);
  return state.listener;
}

/** One open connection of the adapter, with a node:net socket as its peer. */
export async function openPair(
  runtime: Runtime,
  family: Family,
  role: Role,
  reactions: Reactions = {},
): Promise<Pair> {
  const { address, remove } = freshAddress(family);
  const { handlers, traces } = recorder(reactions);
  let trace: Trace;
  let peer: Peer;
  let closeListener: () => void;
  if (role === 'accepted') {
    const listener = await listening(runtime, address, handlers);
    closeListener = () => listener.close();
    peer = await peerConnect(listener.address);
    trace = await until(() => traces[0] as Trace, 'the connection to be accepted');
  } else {
    const server = await PeerServer.listen(address);
    closeListener = () => server.close();
    trace = new Trace();
    runtime.connect(server.address, CONNECT, handlers, trace);
    peer = await server.peer();
    await until(() => trace.has('open') || trace.closed, 'the connection to open');
  }
  const finish = async () => {
    if (!trace.closed) trace.call((conn) => conn.abort());
    peer.socket.destroy();
    closeListener();
    await until(() => trace.closed && peer.closed, () => `close, after ${trace.events}`);
    remove();
    deepEqual(trace.faults, []);
  };
  return { trace, peer, finish };
}

/** Registers-time helper: runs `body` with a pair and finishes it, also when `body` fails. */
export function withPair(
  runtime: Runtime,
  family: Family,
  role: Role,
  body: (pair: Pair) => Promise<void>,
  reactions: Reactions = {},
): () => Promise<void> {
  return async () => {
    const pair = await openPair(runtime, family, role, reactions);
    try {
      await body(pair);
    } finally {
      await pair.finish();
    }
  };
}

/** Writes all of `bytes`, waiting for `drain` where a write is short. */
export async function writeAll(trace: Trace, bytes: Uint8Array): Promise<void> {
  let sent = 0;
  while (sent < bytes.length) {
    const drains = trace.drains;
    sent += trace.call((conn) => conn.write(bytes.subarray(sent)));
    if (sent < bytes.length) {
      await until(() => trace.drains > drains || trace.closed, `drain after ${sent} bytes`);
      if (trace.closed) break;
    }
  }
}
