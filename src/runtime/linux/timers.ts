/** Timers for a loop of our own: a binary heap by deadline, in which each timer knows its index. */
import type { Timer } from '../runtime.ts';

class HeapTimer implements Timer {
  readonly at: number;
  readonly fn: () => void;
  /** In the heap; -1 once it has fired or was cancelled. */
  index = -1;
  readonly #timers: Timers;

  constructor(timers: Timers, at: number, fn: () => void) {
    this.#timers = timers;
    this.at = at;
    this.fn = fn;
  }

  cancel(): void {
    if (this.index >= 0) this.#timers.remove(this);
  }
}

export class Timers {
  readonly #heap: HeapTimer[] = [];
  readonly #faulted: (error: unknown) => void;

  /** `faulted` hears of what a timer throws; the others fire all the same. */
  constructor(faulted: (error: unknown) => void) {
    this.#faulted = faulted;
  }

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
    for (const timer of due) timer.index = beingFired;
    for (const timer of due) {
      if (timer.index !== beingFired) continue;
      timer.index = -1;
      try {
        timer.fn();
      } catch (error) {
        this.#faulted(error);
      }
    }
  }

  remove(timer: HeapTimer): void {
    const { index } = timer;
    timer.index = -1;
    if (index === beingFired) return;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#put(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  #put(timer: HeapTimer, index: number): void {
    this.#heap[index] = timer;
    timer.index = index;
  }

  #rise(timer: HeapTimer): void {
    while (timer.index > 0) {
      const parent = this.#heap[(timer.index - 1) >> 1]!;
      if (parent.at <= timer.at) return;
      this.#swap(timer, parent);
    }
  }

  #sink(timer: HeapTimer): void {
    for (;;) {
      const left = this.#heap[2 * timer.index + 1];
      const right = this.#heap[2 * timer.index + 2];
      const child = right !== undefined && right.at < left!.at ? right : left;
      if (child === undefined || timer.at <= child.at) return;
      this.#swap(timer, child);
    }
  }

  #swap(a: HeapTimer, b: HeapTimer): void {
    const { index } = a;
    this.#put(a, b.index);
    this.#put(b, index);
  }
}

/** The index of a timer that is due and out of the heap. */
const beingFired = Number.MAX_SAFE_INTEGER;
