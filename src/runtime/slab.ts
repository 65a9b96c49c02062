/** Memory that is used again and again. */

const keptViews = 2048;

/** Short views of it are kept, by length: making one is an allocation. */
export class Slab {
  readonly bytes: Uint8Array;
  readonly #views = new Array<Uint8Array | undefined>(keptViews);

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** The first `length` bytes. */
  view(length: number): Uint8Array {
    if (length >= keptViews) return this.bytes.subarray(0, length);
    return this.#views[length] ??= this.bytes.subarray(0, length);
  }
}
