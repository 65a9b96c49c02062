/**
 * A connection of the fake runtime, and the end of it that a test holds.
 *
 * It keeps the sentences of src/runtime/runtime.ts in the strictest way that they allow: `data` comes in one
 * buffer that is overwritten when the handler returns, bytes that were taken leave a step later and are lost if
 * `abort` comes first, and bytes that the caller changes after they were taken are a fault.
 */
import { endpointText } from '../../src/runtime/addresses.ts';
import type { Address, Conn, Handlers, NetError } from '../../src/runtime/runtime.ts';

/** What a connection needs of its runtime. */
export interface FakeLoop {
  /** Calls `step` in a later step of the loop. */
  later(step: () => void): void;
  /** Runs the loop until nothing is left to do, unless it is running already. */
  settle(): void;
  /** A broken promise of the caller's. */
  fault(what: string): void;
}

/** One buffer for everything that is received, as the native engine has it. */
const received = new Uint8Array(64 * 1024);

export class FakeConn<D> implements Conn<D> {
  data: D;
  remote = '';
  local = '';
  readonly far: FarEnd;
  private readonly handlers: Handlers<D>;
  private readonly loop: FakeLoop;
  private connecting = true;
  private opened = false;
  private over = false;
  private closed = false;
  private aborted = false;
  /** Broken; what had arrived before is still handed out. */
  private error: NetError | undefined;
  private isPaused = false;
  private room = Infinity;
  private owesDrain = false;
  private finAsked = false;
  private finOut = false;
  private endTold = false;
  private isFinHere = false;
  private scheduled = false;
  /** What the far end has sent and the handlers were not called for; the FIN last. */
  private readonly inbox: (Uint8Array | 'fin')[] = [];
  /** Taken, and not yet on its way. */
  private outbox: Uint8Array[] = [];
  private readonly taken: { readonly given: Uint8Array; readonly copy: Uint8Array }[] = [];

  constructor(loop: FakeLoop, handlers: Handlers<D>, data: D) {
    this.loop = loop;
    this.handlers = handlers;
    this.data = data;
    this.far = new FarEnd(this as FakeConn<unknown>, loop);
  }

  get paused(): boolean {
    return this.isPaused;
  }

  get isOver(): boolean {
    return this.closed;
  }

  // What its owner calls

  write(bytes: Uint8Array): number {
    if (this.over || this.finAsked || bytes.length === 0) return 0;
    if (this.error !== undefined) return bytes.length;
    const count = this.connecting ? 0 : Math.min(bytes.length, this.room);
    this.room -= count;
    if (count < bytes.length) this.owesDrain = true;
    if (count === 0) return 0;
    const given = bytes.subarray(0, count);
    const copy = given.slice();
    this.outbox.push(copy);
    // What is only passed on lies in our own buffer, and changing that is our own affair.
    if (bytes.buffer !== received.buffer) this.taken.push({ given, copy });
    this.schedule();
    return count;
  }

  pause(): void {
    if (!this.over) this.isPaused = true;
  }

  resume(): void {
    if (this.over) return;
    this.isPaused = false;
    this.schedule();
  }

  shutdown(): void {
    if (this.over) return;
    this.finAsked = true;
    this.owesDrain = false;
    this.schedule();
  }

  abort(): void {
    if (this.over) return;
    this.over = true;
    this.aborted = true;
    this.error = undefined;
    this.outbox = [];
    this.schedule();
  }

  // What the far end does, and the runtime

  /** Accepted, or connected. */
  establish(remote: Address, local = ''): void {
    this.connecting = false;
    this.local = local;
    this.remote = 'path' in remote ? '' : endpointText(remote.host, remote.port);
    this.schedule();
  }

  /** Broken from outside, or never made. */
  break(error: NetError): void {
    if (this.over) return;
    this.error = error;
    this.over = this.connecting;
    this.outbox = [];
    this.schedule();
    if (this.isPaused && !this.over && this.inbox.length > 0) {
      this.loop.later(() => this.handlers.broken?.(this));
    }
  }

  arrive(what: Uint8Array | 'fin'): void {
    if (this.over || this.error !== undefined || this.isFinHere) return;
    if (what !== 'fin' && what.length === 0) return;
    this.isFinHere = what === 'fin';
    this.inbox.push(what);
    this.schedule();
  }

  setRoom(bytes: number): void {
    this.room = bytes;
    this.schedule();
  }

  addRoom(bytes: number): void {
    this.setRoom(this.room + bytes);
  }

  // The loop

  private schedule(): void {
    if (this.scheduled || this.closed) return;
    this.scheduled = true;
    this.loop.later(() => {
      this.scheduled = false;
      this.step();
    });
  }

  /** Sends what was taken, then tells at most one event: others may have their turn in between. */
  private step(): void {
    if (this.over) return this.close();
    if (this.connecting) return;
    if (this.error !== undefined && !this.inbox.some((what) => what !== 'fin')) return this.close();
    this.send();
    if (this.tell()) this.schedule();
    else if (this.endTold && this.finOut) this.close();
  }

  private send(): void {
    for (const bytes of this.outbox) this.far.bytes.push(bytes);
    this.outbox = [];
    if (!this.finAsked || this.finOut || this.error !== undefined) return;
    this.finOut = true;
    this.far.ended = true;
  }

  /** True if there was something to tell. */
  private tell(): boolean {
    if (!this.opened) {
      this.opened = true;
      this.handlers.open(this);
    } else if (this.owesDrain && (this.room > 0 || this.error !== undefined)) {
      this.owesDrain = false;
      this.handlers.drain(this);
    } else if (this.inbox.length > 0 && !this.isPaused) {
      this.tellInbox(this.inbox.shift()!);
    } else return false;
    return true;
  }

  private tellInbox(next: Uint8Array | 'fin'): void {
    if (next === 'fin') {
      this.endTold = true;
      this.handlers.end(this);
      return;
    }
    const now = next.subarray(0, received.length);
    if (now.length < next.length) this.inbox.unshift(next.subarray(now.length));
    received.set(now);
    this.far.delivered += now.length;
    this.handlers.data(this, received.subarray(0, now.length));
    received.fill(0xdb);
  }

  private close(): void {
    if (this.closed) return;
    this.over = true;
    this.closed = true;
    if (this.taken.some(({ given, copy }) => given.some((byte, at) => byte !== copy[at]))) {
      this.loop.fault('bytes that were taken were changed before close');
    }
    this.far.aborted = this.aborted;
    this.handlers.close(this, this.error);
  }
}

/** What a test holds of a connection: the client of one that was accepted, the server of one that was dialled. */
export class FarEnd {
  /** Everything that arrived here, in the pieces in which it was written. */
  readonly bytes: Uint8Array[] = [];
  /** How many of the bytes sent from here were handed to `data`. */
  delivered = 0;
  /** The FIN of the other side is here, after all of its bytes. */
  ended = false;
  /** The other side has reset the connection. */
  aborted = false;
  private readonly conn: FakeConn<unknown>;
  private readonly loop: FakeLoop;

  constructor(conn: FakeConn<unknown>, loop: FakeLoop) {
    this.conn = conn;
    this.loop = loop;
  }

  /** Everything that arrived here, in one piece. */
  get received(): Uint8Array {
    const all = new Uint8Array(this.bytes.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const bytes of this.bytes) {
      all.set(bytes, at);
      at += bytes.length;
    }
    return all;
  }

  /** The other side does not read. */
  get paused(): boolean {
    return this.conn.paused;
  }

  /** The connection is over for both sides. */
  get closed(): boolean {
    return this.conn.isOver;
  }

  /** What has arrived so far is not of interest any more. */
  forget(): void {
    this.bytes.length = 0;
  }

  send(bytes: Uint8Array): void {
    this.conn.arrive(bytes.slice());
    this.loop.settle();
  }

  fin(): void {
    this.conn.arrive('fin');
    this.loop.settle();
  }

  /** Breaks the connection, whatever is on its way. */
  reset(code = 'ECONNRESET'): void {
    this.conn.break({ code, message: `the peer broke the connection (${code})` });
    this.loop.settle();
  }

  /** From now on the other side can write so many bytes before it must wait; there is no limit at first. */
  limit(bytes: number): void {
    this.conn.setRoom(bytes);
    this.loop.settle();
  }

  /** Reads on: room for so many more bytes. */
  read(bytes: number): void {
    this.conn.addRoom(bytes);
    this.loop.settle();
  }
}
