/**
 * One direction of a session: from a source to a sink, with nothing of its own but the tail that the sink did
 * not take. The heart of the program; it allocates only when the sink is slower than the source.
 */
import type { Counters } from '../contract/counters.ts';
import type { Conn } from '../runtime/runtime.ts';

export class Pump {
  readonly #source: Conn<unknown>;
  readonly #sink: Conn<unknown>;
  readonly #counters: Counters;
  readonly #slot: number;
  /** What the sink has not taken yet. While there is a tail the source is paused, so it never grows. */
  #tail: Uint8Array | undefined;
  #ended = false;
  /** What the sink has taken so far. */
  bytes = 0;

  /** Counts what the sink took at `slot` of `counters`. Owns neither connection. */
  constructor(source: Conn<unknown>, sink: Conn<unknown>, counters: Counters, slot: number) {
    this.#source = source;
    this.#sink = sink;
    this.#counters = counters;
    this.#slot = slot;
  }

  /** The sink is behind: the source is paused until it has caught up. */
  get stalled(): boolean {
    return this.#tail !== undefined;
  }

  /** The source has bytes. They are borrowed: what the sink does not take is copied. */
  push(bytes: Uint8Array): void {
    if (this.#tail !== undefined) return this.#append(bytes);
    const taken = this.#sink.write(bytes);
    this.#count(taken);
    if (taken < bytes.length) {
      this.#tail = bytes.slice(taken);
      this.#source.pause();
    }
  }

  /** The sink has room again. */
  drain(): void {
    if (this.#tail === undefined) return;
    const taken = this.#sink.write(this.#tail);
    this.#count(taken);
    if (taken < this.#tail.length) {
      this.#tail = this.#tail.subarray(taken);
      return;
    }
    this.#tail = undefined;
    if (this.#ended) this.#sink.shutdown();
    else this.#source.resume();
  }

  /** The source has said its last byte: so will the sink, after the tail. */
  end(): void {
    this.#ended = true;
    if (this.#tail === undefined) this.#sink.shutdown();
  }

  #count(taken: number): void {
    this.#counters[this.#slot]! += taken;
    this.bytes += taken;
  }

  /** A source may hand over bytes that it had already read when it was paused; they queue up, bounded by that. */
  #append(bytes: Uint8Array): void {
    const tail = this.#tail ?? new Uint8Array(0);
    this.#tail = new Uint8Array(tail.length + bytes.length);
    this.#tail.set(tail);
    this.#tail.set(bytes, tail.length);
  }
}
