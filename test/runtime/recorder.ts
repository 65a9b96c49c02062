import type { Conn, Handlers, NetError } from '../../src/runtime/runtime.ts';

/** What happened on one connection. */
export class Trace {
  /** The events by name; a run of `data` is one entry. */
  readonly events: string[] = [];
  conn: Conn<Trace> | undefined;
  bytes = 0;
  chunks = 0;
  drains = 0;
  inOrder = true;
  error: NetError | undefined;
  /** How often `broken` was told. */
  broken = 0;
  /** Broken promises seen by a handler, where a throw would be lost; `finish` of the fixture asserts none. */
  readonly faults: string[] = [];
  /** True inside a call of the connection, where no handler may run. */
  calling = false;

  get closed(): boolean {
    return this.events.at(-1) === 'close';
  }

  has(event: string): boolean {
    return this.events.includes(event);
  }

  note(event: string): void {
    if (this.calling) this.faults.push(`${event} ran inside a call of the connection`);
    if (this.closed) this.faults.push(`${event} came after close`);
    if (event !== 'data' || this.events.at(-1) !== 'data') this.events.push(event);
  }

  /** Calls a method as an owner does, and sees to it that no handler of the connection runs meanwhile. */
  call<T>(method: (conn: Conn<Trace>) => T): T {
    this.calling = true;
    try {
      return method(this.conn as Conn<Trace>);
    } finally {
      this.calling = false;
    }
  }
}

/** What a test does inside a handler, beside recording. */
export interface Reactions {
  open?(trace: Trace): void;
  data?(trace: Trace, bytes: Uint8Array): void;
  drain?(trace: Trace): void;
  end?(trace: Trace): void;
  close?(trace: Trace): void;
}

/** Handlers that record. `traces` has one entry for each accepted connection, in order. */
export function recorder(
  reactions: Reactions = {},
): { readonly handlers: Handlers<Trace>; readonly traces: Trace[] } {
  const traces: Trace[] = [];
  const handlers: Handlers<Trace> = {
    open(conn) {
      // Accepted: the slot is empty. Connected: the test put the trace there.
      if (conn.data === undefined) traces.push(conn.data = new Trace());
      conn.data.conn = conn;
      conn.data.note('open');
      reactions.open?.(conn.data);
    },
    data(conn, bytes) {
      const trace = conn.data;
      trace.note('data');
      if (bytes.length === 0) trace.faults.push('data came with no bytes');
      for (let at = 0; at < bytes.length; at++) {
        if (bytes[at] !== ((trace.bytes + at) * 31 & 0xff)) trace.inOrder = false;
      }
      trace.bytes += bytes.length;
      trace.chunks += 1;
      reactions.data?.(trace, bytes);
    },
    drain(conn) {
      conn.data.note('drain');
      conn.data.drains += 1;
      reactions.drain?.(conn.data);
    },
    end(conn) {
      conn.data.note('end');
      reactions.end?.(conn.data);
    },
    close(conn, error) {
      conn.data.note('close');
      conn.data.error = error;
      reactions.close?.(conn.data);
    },
    broken(conn) {
      const trace = conn.data;
      if (trace.calling || trace.closed) trace.faults.push('broken came at a wrong time');
      trace.broken += 1;
    },
  };
  return { handlers, traces };
}
