/** Timers for a loop of our own: a binary heap by deadline, in which each timer knows its place. */
import type { Timer } from '../runtime.ts';

class HeapTimer implements Timer {
  readonly at: number;
  readonly fn: () => void;
  /** In the heap; -1 once it has fired or was cancelled. */
  place = -1;
  readonly #timers: Timers;

  constructor(timers: Timers, at: number, fn: () => void) {
    this.#timers = timers;
    this.at = at;
    this.fn = fn;
  }

  cancel(): void {
    if (this.place >= 0) this.#timers.remove(this);
  }
}

export class Timers {
  readonly #heap: HeapTimer[] = [];

  /** Calls `fn` when `fire` is called with a time of `at` or later. */
  add(at: number, fn: () => void): Timer {
    const timer = new HeapTimer(this, at, fn);
    this.#put(timer, this.#heap.length);
    this.#rise(timer);
    return timer;
  }

  /** When the first one is due; Infinity if there is none. */
  get next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Calls those that are due at `now`. One that is added meanwhile waits for the next call. */
  fire(now: number): void {
    const due: HeapTimer[] = [];
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.remove(first);
      // Still to be fired, and until then to be cancelled: out of the heap, but not done.
      due.push(first);
    }
    for (const timer of due) timer.place = waiting;
    for (const timer of due) {
      if (timer.place !== waiting) continue;
      timer.place = -1;
      timer.fn();
    }
  }

  remove(timer: HeapTimer): void {
    const { place } = timer;
    timer.place = -1;
    if (place === waiting) return;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#put(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  #put(timer: HeapTimer, place: number): void {
    this.#heap[place] = timer;
    timer.place = place;
  }

  #rise(timer: HeapTimer): void {
    while (timer.place > 0) {
      const parent = this.#heap[(timer.place - 1) >> 1]!;
      if (parent.at <= timer.at) return;
      this.#swap(timer, parent);
    }
  }

  #sink(timer: HeapTimer): void {
    for (;;) {
      const left = this.#heap[2 * timer.place + 1];
      const right = this.#heap[2 * timer.place + 2];
      const child = right !== undefined && right.at < left!.at ? right : left;
      if (child === undefined || timer.at <= child.at) return;
      this.#swap(timer, child);
    }
  }

  #swap(a: HeapTimer, b: HeapTimer): void {
    const { place } = a;
    this.#put(a, b.place);
    this.#put(b, place);
  }
}

/** The place of a timer that is being fired. */
const waiting = Number.MAX_SAFE_INTEGER;
