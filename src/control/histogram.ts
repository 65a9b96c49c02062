/** A histogram of Prometheus' kind, of seconds. */

export interface Bucket {
  /** The upper bound; the last one is `+Inf`. */
  readonly le: string;
  /** Of all that is not above it. */
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
    const place = this.#bounds.findIndex((bound) => seconds <= bound);
    if (place >= 0) this.#counts[place]! += 1;
  }

  get sumSeconds(): number {
    return this.#sumSeconds;
  }

  get count(): number {
    return this.#count;
  }

  get buckets(): readonly Bucket[] {
    let sofar = 0;
    const buckets = this.#bounds.map((bound, place) => ({
      le: String(bound),
      count: sofar += this.#counts[place] ?? 0,
    }));
    return [...buckets, { le: '+Inf', count: this.#count }];
  }
}
