/**
 * The one interface between the program and what moves its bytes: Node, Bun, Deno, or Linux itself.
 *
 * Types only. Nothing here returns a promise, because the data plane must also run inside a loop that blocks in
 * the kernel and never gives the microtask queue a turn.
 */

/** Where to listen or connect. `host` is numeric (IPv6 without brackets): the control plane resolves names. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** What went wrong on a socket, by its errno name (`ECONNREFUSED`, `ETIMEDOUT`, ...), with a line for people. */
export interface NetError {
  readonly code: string;
  readonly message: string;
}

/** TCP keep-alive: first probe after `idleMs` of silence, then every `intervalMs`, dead after `count`. */
export interface KeepAlive {
  readonly idleMs: number;
  readonly intervalMs: number;
  readonly count: number;
}

/** Options of one TCP connection. A runtime that lacks one leaves it out; unix sockets ignore them all. */
export interface SocketOptions {
  readonly noDelay: boolean;
  readonly keepAlive?: KeepAlive | undefined;
}

export interface ListenOptions extends SocketOptions {
  readonly backlog: number;
  /** Let several listeners (one a worker) share the port; the kernel spreads the connections. */
  readonly reusePort: boolean;
  /**
   * A descriptor that listens already, instead of the address. The native engine listens on a copy of it, so that several
   * threads can; node:net on Node takes it over; other runtimes cannot, and fail with ENOTSUP.
   */
  readonly descriptor?: number | undefined;
}

export interface ConnectOptions extends SocketOptions {
  /** How long the attempt may take before it closes with `ETIMEDOUT`. */
  readonly timeoutMs: number;
}

/**
 * One stream socket. It belongs to the adapter until `close` was called for it; it must not be used after that.
 * After `abort`, and after `close`, every method does nothing.
 */
export interface Conn<D> {
  /** The owner's slot. On an accepted connection it is undefined until the `open` handler fills it. */
  data: D;
  /** The peer as `host:port`, brackets around IPv6, while it is open; empty for a unix socket or while connecting. */
  readonly remote: string;
  /** Our own end, in the same way: where it is asked for, which is seldom. */
  readonly local: string;
  /**
   * Takes as many bytes as can be taken now, from the front, and returns how many: 0 to `bytes.length`. Never
   * throws. After a short count one `drain` follows; writing again before it is allowed and takes 0 or more.
   * While connecting it takes nothing, and the `drain` follows `open`; after `shutdown` it takes nothing, and
   * no `drain` follows. Once broken it takes and drops everything until `close`: who waits for room in it would not
   * read its last bytes.
   * The caller must not change bytes that were taken until `close`: an adapter may still be sending them.
   */
  write(bytes: Uint8Array): number;
  /**
   * No `data` and no `end` until `resume`. The connection may still break; with bytes of the peer to be handed out first
   * that is told after them, and some runtimes tell it only after `resume` in any case.
   */
  pause(): void;
  resume(): void;
  /** Half-close: a FIN after every taken byte. The peer's bytes still arrive. */
  shutdown(): void;
  /** Reset: drops what was taken and not sent, and sends RST where the socket has such a thing. `close` follows. */
  abort(): void;
}

/**
 * What happens on a connection: one shared record for each role, never a closure for each connection.
 *
 * Order: `open` first (never for a connect that failed), `close` last and exactly once, nothing after it. A
 * connection closes by itself once both sides have sent their FIN and every taken byte is out.
 *
 * No handler runs inside a call of a method of its own connection: what a call brings about follows after it.
 */
export interface Handlers<D> {
  /** Accepted, or connected. */
  open(conn: Conn<D>): void;
  /** `bytes` are borrowed: valid until the handler returns, so a handler that keeps them copies them. Never empty. */
  data(conn: Conn<D>, bytes: Uint8Array): void;
  /** There is room again after a short write. */
  drain(conn: Conn<D>): void;
  /** The peer's FIN, after its last byte; once. The connection can still be written to. */
  end(conn: Conn<D>): void;
  /**
   * Gone. `error` is there if it broke, or if the connect failed; a clean end and our own `abort` have none. What had
   * arrived before it broke is handed out first: to the peer it was acknowledged.
   */
  close(conn: Conn<D>, error: NetError | undefined): void;
  /**
   * It broke while it was paused, and holds what the peer had said before: `close` follows when that was handed out, or after
   * `abort`. It may come again where it is paused again before that. Not every runtime is told of it by then.
   */
  broken?(conn: Conn<D>): void;
}

export interface Listener {
  /** The bound address, with the real port where 0 was asked for. Valid from `listening` on. */
  readonly address: Address;
  /** Valid in this process while it is open; undefined where the runtime gives none out. */
  readonly descriptor?: number | undefined;
  /** Takes no more connections and frees the port; those that are open live on, those in its queue are reset. */
  close(): void;
  /**
   * Another descriptor of the same socket, for another thread (`stopListening`); the caller's, and the port is not free
   * before it is closed. Not there where a runtime keeps its descriptors to itself, or has no call to stop a listener.
   */
  share?(): number | undefined;
  /** Hands out those that wait in its queue, in which they are connected already, then closes, and calls `done`. */
  drain(done: () => void): void;
}

/** Exactly one of the two is called, once, possibly before `listen` returns; none if `close` came first. */
export interface ListenerEvents {
  listening(listener: Listener): void;
  failed(error: NetError): void;
}

export interface Timer {
  /** Does nothing if the timer has fired or was cancelled. */
  cancel(): void;
}

export interface Runtime {
  /** `node`, `bun`, `deno`, ... for logs and tests. */
  readonly name: string;
  listen<D>(
    address: Address,
    options: ListenOptions,
    handlers: Handlers<D>,
    events: ListenerEvents,
  ): Listener;
  /** Returns at once, connecting; `open` or `close(error)` follows, never before this returns. */
  connect<D>(address: Address, options: ConnectOptions, handlers: Handlers<D>, data: D): Conn<D>;
  /** Calls `fn` once after `ms` milliseconds. */
  after(ms: number, fn: () => void): Timer;
  /** Monotonic milliseconds. */
  now(): number;
}
