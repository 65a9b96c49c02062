/** A histogram of Prometheus' kind, of seconds. */

export interface Bucket {
  /** The upper bound; the last one is `+Inf`. */
  readonly le: string;
  /** How many values are not above it. */
  readonly count: number;
}

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sumSeconds = 0;
  #count = 0;

  /** `bounds` are upper bounds in seconds, the lowest first. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  add(seconds: number): void {
    this.#count += 1;
    this.#sumSeconds += seconds;
    const index = this.#bounds.findIndex((bound) => seconds <= bound);
    if (index >= 0) this.#counts[index]! += 1;
  }

  get sumSeconds(): number {
    return this.#sumSeconds;
  }

  get count(): number {
    return this.#count;
  }

  get buckets(): readonly Bucket[] {
    let sofar = 0;
    const buckets = this.#bounds.map((bound, index) => ({
      le: String(bound),
      count: sofar += this.#counts[index] ?? 0,
    }));
    return [...buckets, { le: '+Inf', count: this.#count }];
  }
}
