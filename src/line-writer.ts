/**
 * Lines to a descriptor, without ever ending the program, and without waiting where the descriptor does not block. The
 * streams of the runtimes cannot be had for that: after the reader has left, or on a full disk, `process.stderr` ends
 * Node and Deno with an unhandled error, and keeps in memory what a slow reader does not take.
 */
import { writeSync } from 'node:fs';

/** Writes from the front as much as can be written now, and returns how many bytes; throws where nothing can be. */
export type Write = (bytes: Uint8Array) => number;

export const standardError: Write = (bytes) => writeSync(2, bytes);

const nothing = new Uint8Array();

export class LineWriter {
  /** The end of a line of which the beginning is out. */
  #rest: Uint8Array = nothing;
  readonly #write: Write;

  constructor(write: Write) {
    this.#write = write;
  }

  /** False: it is lost. */
  write(line: string): boolean {
    this.#rest = this.#push(this.#rest);
    if (this.#rest.length > 0) return false;
    const bytes = new TextEncoder().encode(`${line}\n`);
    const rest = this.#push(bytes);
    if (rest.length === bytes.length) return false;
    this.#rest = rest;
    return true;
  }

  /** Returns what could not be written. */
  #push(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    try {
      while (rest.length > 0) rest = rest.subarray(this.#write(rest));
    } catch {
      // Where could it be said? What is lost is counted by the caller.
    }
    return rest;
  }
}
