/**
 * A TCP relay that does to what passes what bad networks do: each way by itself, and to be changed while it runs. What
 * is up goes from who connects to who is connected to; what is down comes back.
 */
import { connect, createServer, type Socket } from 'node:net';
import { type Random, randomOf } from '../../scripts/lib/fuzz/mutate.ts';

/** What happens to the bytes of one direction. With nothing set they pass as they come. */
export interface Toxics {
  readonly latencyMs?: number;
  /** Up to so much more, of each chunk another; the order stays, as TCP has it. */
  readonly jitterMs?: number;
  readonly bytesPerSecond?: number;
  /** They go on in pieces of 1 to so many bytes. */
  readonly sliceBytes?: number;
  /** Between two pieces; 0: one turn of the loop. */
  readonly sliceDelayMs?: number;
  readonly cut?: Cut;
}

/** What happens once a connection has passed so many bytes in that direction, counted from its start. */
export interface Cut {
  /** Or from the one to the other, of each connection another number. */
  readonly afterBytes: number | readonly [from: number, to: number];
  /**
   * `reset`: both sides get an RST. `halfClose`: a FIN, the rest is dropped, the other direction goes on. `silence`: nothing
   * passes any more, neither bytes nor ends, until other toxics are set; then all of it does.
   */
  readonly by: 'reset' | 'halfClose' | 'silence';
}

export interface Directions {
  readonly up?: Toxics;
  readonly down?: Toxics;
}

export interface LinkOptions {
  readonly to: { readonly host?: string; readonly port: number };
  /** The same pieces and delays for the same chunks. */
  readonly seed?: number;
  /** For tests of the link: the size of each piece that goes on. */
  readonly onPiece?: (bytes: number) => void;
}

/** More is not kept in one direction of a connection (and one chunk): the source waits. */
export const mostKeptBytes = 1 << 20;

/** With a bandwidth, what goes on in one piece is what passes in this time. */
const tickMs = 5;

const none: Toxics = {};

export class ToxicLink {
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Bytes that went on, of all connections. */
  readonly passed = { up: 0, down: 0 };
  /** Connections that were reset, and directions that were closed, on purpose. */
  readonly cuts = { reset: 0, halfClose: 0 };
  readonly #server: ReturnType<typeof createServer>;
  readonly #options: LinkOptions;
  readonly #flows = new Set<Flow>();
  readonly #sockets = new Set<Socket>();
  #directions: Directions = {};
  #next: Directions | undefined;
  #count = 0;

  private constructor(server: ReturnType<typeof createServer>, options: LinkOptions) {
    this.#server = server;
    this.#options = options;
    this.port = (server.address() as { port: number }).port;
    server.on('connection', (client: Socket) => this.#accept(client));
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(options: LinkOptions): Promise<ToxicLink> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new ToxicLink(server, options);
  }

  /** For all connections, or those to come alone. Without anything: no toxics. */
  set(directions: Directions = {}, which: 'all' | 'coming' = 'all'): void {
    this.#directions = directions;
    if (which === 'coming') return;
    for (const flow of this.#flows) flow.set(directions[flow.way] ?? none);
  }

  /** For the next connection alone, in place of what is set. */
  next(directions: Directions): void {
    this.#next = directions;
  }

  /** Whether the connection is made that `next` was meant for. */
  get isNextTaken(): boolean {
    return this.#next === undefined;
  }

  get connections(): number {
    return Math.ceil(this.#sockets.size / 2);
  }

  /** What is on its way, of all connections, with what the kernel would not take yet. */
  get keptBytes(): number {
    return [...this.#flows].reduce((sum, { kept, unsent }) => sum + kept + unsent, 0);
  }

  /** Connections end with it. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    const { to: { host = '127.0.0.1', port }, seed = 1 } = this.#options;
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const directions = this.#next ?? this.#directions;
    this.#next = undefined;
    const index = this.#count++;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket));
    }
    this.#relay('up', client, server, directions.up, randomOf(seed, 2 * index));
    this.#relay('down', server, client, directions.down, randomOf(seed, 2 * index + 1));
  }

  #relay(way: Way, source: Socket, sink: Socket, toxics: Toxics = none, random: Random): void {
    const flow = new Flow(way, source, sink, toxics, random, {
      passed: (bytes) => {
        this.passed[way] += bytes;
        this.#options.onPiece?.(bytes);
      },
      cut: (by) => this.cuts[by]++,
    });
    this.#flows.add(flow);
    sink.once('close', () => this.#flows.delete(flow));
  }
}

type Way = keyof Directions & string;

interface Report {
  passed(bytes: number): void;
  cut(by: 'reset' | 'halfClose'): void;
}

interface Chunk {
  bytes: Buffer;
  dueMs: number;
}

/** One direction of a connection. */
class Flow {
  readonly way: Way;
  kept = 0;
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #random: Random;
  readonly #report: Report;
  #toxics: Toxics;
  /** Where `#toxics` have a cut. */
  #cutAt = Infinity;
  #queue: Chunk[] = [];
  #passed = 0;
  /** When the last chunk is due: none overtakes it. */
  #lastDueMs = 0;
  /** When the next piece may go on. */
  #freeAtMs = 0;
  #isSinkFull = false;
  #cancelWait: (() => void) | undefined;
  /** How the source has ended; the sink will so, too, after all that was said before. */
  #ending: 'fin' | 'reset' | undefined;
  /** Nothing more goes to the sink. */
  #isOver = false;
  #isResetting = false;

  constructor(way: Way, source: Socket, sink: Socket, toxics: Toxics, random: Random, report: Report) {
    this.way = way;
    this.#source = source;
    this.#sink = sink;
    this.#random = random;
    this.#report = report;
    this.#toxics = toxics;
    this.#cutAt = this.#placeOf(toxics.cut);
    source.on('data', (bytes: Buffer) => this.#take(bytes));
    source.once('end', () => this.#ends('fin'));
    source.once('close', (hadError: boolean) => hadError && this.#ends('reset'));
    sink.on('drain', () => {
      this.#isSinkFull = false;
      this.#pass();
    });
    sink.once('close', () => this.#over());
    this.#pass();
  }

  /** What the sink has been given and still holds, in bytes. */
  get unsent(): number {
    return this.#sink.writableLength;
  }

  set(toxics: Toxics): void {
    this.#toxics = toxics;
    this.#cutAt = this.#placeOf(toxics.cut);
    // What is on its way arrives.
    for (const chunk of this.#queue) chunk.dueMs = 0;
    this.#lastDueMs = this.#freeAtMs = 0;
    this.#cancelWait?.();
    this.#pass();
  }

  #placeOf(cut: Cut | undefined): number {
    if (cut === undefined) return Infinity;
    if (typeof cut.afterBytes === 'number') return cut.afterBytes;
    const [from, to] = cut.afterBytes;
    return Math.floor(from + (to - from) * this.#random());
  }

  #take(bytes: Buffer): void {
    if (this.#isOver) return;
    const { latencyMs = 0, jitterMs = 0 } = this.#toxics;
    if (latencyMs > 0 || jitterMs > 0) {
      const dueMs = performance.now() + latencyMs + jitterMs * this.#random();
      this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    }
    this.#queue.push({ bytes, dueMs: this.#lastDueMs });
    this.kept += bytes.length;
    this.#pass();
    // Also while a piece waits for its time.
    if (this.kept >= mostKeptBytes) this.#source.pause();
  }

  #ends(how: 'fin' | 'reset'): void {
    this.#ending = how;
    // The sink has had its FIN, and learns that nobody listens any more.
    if (this.#isOver && how === 'reset') return this.#end(how);
    this.#pass();
  }

  #pass(): void {
    if (this.#cancelWait !== undefined || this.#isOver) return;
    while (!this.#isSinkFull) {
      const { cut } = this.#toxics;
      if (cut !== undefined && this.#passed >= this.#cutAt) {
        if (cut.by === 'silence') break;
        return this.#cut(cut.by);
      }
      const chunk = this.#queue[0];
      if (chunk === undefined) {
        if (this.#ending !== undefined) return this.#end(this.#ending);
        break;
      }
      const waitMs = Math.max(chunk.dueMs, this.#freeAtMs) - performance.now();
      if (waitMs > 0) {
        this.#wait(waitMs);
        break;
      }
      this.#send(chunk);
    }
    if (this.#isSinkFull) this.#source.pause();
    else if (this.kept < mostKeptBytes) this.#source.resume();
  }

  #send(chunk: Chunk): void {
    const { bytesPerSecond, sliceBytes, sliceDelayMs = 0 } = this.#toxics;
    let size = Math.min(chunk.bytes.length, this.#cutAt - this.#passed);
    if (sliceBytes !== undefined) size = Math.min(size, 1 + Math.floor(this.#random() * sliceBytes));
    if (bytesPerSecond !== undefined) {
      size = Math.min(size, Math.ceil(bytesPerSecond * tickMs / 1000));
      // A timer that was late is made up for, one tick at the most.
      this.#freeAtMs = Math.max(this.#freeAtMs, performance.now() - tickMs) + size / bytesPerSecond * 1000;
    }
    this.#isSinkFull = !this.#sink.write(chunk.bytes.subarray(0, size), this.#written);
    chunk.bytes = chunk.bytes.subarray(size);
    if (chunk.bytes.length === 0) this.#queue.shift();
    this.kept -= size;
    this.#passed += size;
    this.#report.passed(size);
    if (sliceBytes === undefined) return;
    if (sliceDelayMs > 0) this.#freeAtMs = Math.max(this.#freeAtMs, performance.now()) + sliceDelayMs;
    else this.#wait(0);
  }

  #wait(ms: number): void {
    const goOn = (): void => {
      this.#cancelWait = undefined;
      this.#pass();
    };
    const timer = ms > 0 ? setTimeout(goOn, ms) : setImmediate(goOn);
    this.#cancelWait = () => {
      ms > 0 ? clearTimeout(timer as NodeJS.Timeout) : clearImmediate(timer as NodeJS.Immediate);
      this.#cancelWait = undefined;
    };
  }

  #cut(by: 'reset' | 'halfClose'): void {
    this.#report.cut(by);
    this.#end(by === 'reset' ? 'reset' : 'fin');
    // So that it may go on, and its end be seen.
    this.#source.resume();
  }

  #end(how: 'fin' | 'reset'): void {
    this.#over();
    if (how === 'fin') return void this.#sink.end();
    this.#isResetting = true;
    this.#written();
  }

  /** What has passed has passed: an RST would take along what the kernel has not got yet. */
  readonly #written = (): void => {
    if (!this.#isResetting || (this.unsent > 0 && !this.#sink.destroyed)) return;
    for (const socket of [this.#sink, this.#source]) if (!socket.destroyed) socket.resetAndDestroy();
  };

  #over(): void {
    this.#isOver = true;
    this.#cancelWait?.();
    this.#queue = [];
    this.kept = 0;
    this.#source.resume();
  }
}
