/**
 * A `Runtime` for unit tests in which nothing happens by itself: the clock stands until `advance`, and a test holds
 * the far end of every connection. The same calls bring about the same events in the same order; a `random` mixes
 * the order in which connections are served, as a busy machine does, and with a seed it does so reproducibly.
 */
import type {
  Address,
  Conn,
  ConnectOptions,
  Handlers,
  Listener,
  ListenerEvents,
  ListenOptions,
  NetError,
  Runtime,
  Timer,
} from '../../src/runtime/runtime.ts';
import { FakeConn, type FakeLoop, type FarEnd } from './fake-conn.ts';

/** More steps than any test needs: a loop that never comes to rest. */
const mostSteps = 1_000_000;

interface Alarm {
  readonly at: number;
  readonly fn: () => void;
}

/** A connect that was asked for. It hangs until a test decides, or until its timeout. */
export interface Dial {
  readonly address: Address;
  readonly options: ConnectOptions;
  readonly far: FarEnd;
  /** No `accept`, `refuse`, timeout or `abort` yet. */
  readonly pending: boolean;
  accept(): FarEnd;
  refuse(code?: string): void;
}

interface Bound {
  readonly address: Address;
  accept(from: string): FarEnd;
}

export class FakeRuntime implements Runtime, FakeLoop {
  readonly name = 'fake';
  /** Every connect, in order. */
  readonly dials: Dial[] = [];
  /** What the program did that the contract forbids. */
  readonly faults: string[] = [];
  private readonly random: (() => number) | undefined;
  private readonly alarms = new Set<Alarm>();
  private readonly bound = new Set<Bound>();
  private steps: (() => void)[] = [];
  private settling = false;
  private time = 1_000;
  private nextPort = 40_000;

  /** `random` gives numbers from 0 up to 1, excluding 1; without it all are served in turn. */
  constructor(random?: () => number) {
    this.random = random;
  }

  /** How many timers run, those of connects included. */
  get timers(): number {
    return this.alarms.size;
  }

  /** The last connect. */
  get lastDial(): Dial {
    const dial = this.dials.at(-1);
    if (dial === undefined) throw new Error('nothing was dialled');
    return dial;
  }

  // For the test

  /** Turns the clock by `ms`; timers fire in the order of their time, each at its time. */
  advance(ms: number): void {
    const until = this.time + ms;
    this.settle();
    for (let alarm = this.due(until); alarm !== undefined; alarm = this.due(until)) {
      this.time = Math.max(this.time, alarm.at);
      this.alarms.delete(alarm);
      alarm.fn();
      this.settle();
    }
    this.time = until;
  }

  /** A process that is stopped for `ms`: timers that are due by then fire at the next `advance`. */
  stall(ms: number): void {
    this.time += ms;
  }

  /** A client connects from the host `from` to the listener at `address`, or to the only one. */
  arrive(address?: Address, from = '127.0.0.1'): FarEnd {
    const wanted = JSON.stringify(address);
    const listener = [...this.bound].find((bound) => !address || JSON.stringify(bound.address) === wanted);
    if (listener === undefined) throw new Error(`no listener on ${wanted ?? 'anything'}`);
    const far = listener.accept(from);
    this.settle();
    return far;
  }

  /** Does `act` as one step of the loop, so that all that it brings about follows after the whole of it. */
  together(act: () => void): void {
    this.settling = true;
    try {
      act();
    } finally {
      this.settling = false;
    }
    this.settle();
  }

  settle(): void {
    if (this.settling) return;
    this.settling = true;
    try {
      for (let count = 0; this.steps.length > 0; count++) {
        if (count === mostSteps) throw new Error(`the loop did not come to rest in ${mostSteps} steps`);
        const index = this.random === undefined ? 0 : Math.floor(this.random() * this.steps.length);
        this.steps.splice(index, 1)[0]!();
      }
    } finally {
      this.settling = false;
    }
  }

  // For its connections

  later(step: () => void): void {
    this.steps.push(step);
  }

  fault(what: string): void {
    this.faults.push(what);
  }

  // Runtime

  listen<D>(
    address: Address,
    _options: ListenOptions,
    handlers: Handlers<D>,
    events: ListenerEvents,
  ): Listener {
    const real = 'port' in address && address.port === 0 ? { ...address, port: this.nextPort++ } : address;
    const accept = (from: string): FarEnd => {
      const conn = new FakeConn<D>(this, handlers, undefined as D);
      conn.establish('path' in real ? real : { host: from, port: this.nextPort++ });
      return conn.far;
    };
    const bound: Bound = { address: real, accept };
    let closed = false;
    const close = (): void => {
      closed = true;
      this.bound.delete(bound);
    };
    // Here no client waits in a queue: they are handed out as they come.
    const drain = (done: () => void): void => {
      close();
      done();
    };
    const listener = { address: real, close, drain };
    const isTaken = [...this.bound].some((other) => JSON.stringify(other.address) === JSON.stringify(real));
    if (!isTaken) this.bound.add(bound);
    this.later(() => {
      if (closed) return;
      if (isTaken) events.failed({ code: 'EADDRINUSE', message: 'the address is in use' });
      else events.listening(listener);
    });
    return listener;
  }

  connect<D>(address: Address, options: ConnectOptions, handlers: Handlers<D>, data: D): Conn<D> {
    const attempt: { timer?: Timer; pending: boolean } = { pending: true };
    const settled = (): void => {
      attempt.pending = false;
      attempt.timer?.cancel();
    };
    const conn = new FakeConn<D>(this, {
      open: (conn) => handlers.open(conn),
      data: (conn, bytes) => handlers.data(conn, bytes),
      drain: (conn) => handlers.drain(conn),
      end: (conn) => handlers.end(conn),
      close: (conn, error) => {
        settled();
        handlers.close(conn, error);
      },
    }, data);
    const fail = (error: NetError): void => {
      settled();
      conn.break(error);
    };
    attempt.timer = this.after(options.timeoutMs, () => {
      fail({ code: 'ETIMEDOUT', message: `connect took longer than ${options.timeoutMs} ms` });
    });
    this.dials.push({
      address,
      options,
      far: conn.far,
      get pending() {
        return attempt.pending;
      },
      accept: () => {
        settled();
        conn.establish(address, `10.0.0.254:${50_000 + this.dials.findIndex(({ far }) => far === conn.far)}`);
        this.settle();
        return conn.far;
      },
      refuse: (code = 'ECONNREFUSED') => {
        fail({ code, message: `connect failed: ${code}` });
        this.settle();
      },
    });
    return conn;
  }

  after(ms: number, fn: () => void): Timer {
    const alarm: Alarm = { at: this.time + Math.max(0, ms), fn };
    this.alarms.add(alarm);
    return { cancel: () => void this.alarms.delete(alarm) };
  }

  now(): number {
    return this.time;
  }

  /** The next timer until then; of those of one time the one that was made first. */
  private due(until: number): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.alarms) {
      if (alarm.at <= until && (first === undefined || alarm.at < first.at)) first = alarm;
    }
    return first;
  }
}
