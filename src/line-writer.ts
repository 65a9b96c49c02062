/**
 * Lines to a descriptor, without ever ending the program, and without waiting for whoever reads them. The
 * streams of the runtimes cannot be had for that: after the reader has left, or on a full disk, `process.stderr` ends
 * Node and Deno with an unhandled error, and keeps in memory what a slow reader does not take.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';

/** Writes from the front as much as can be written now, and returns how many bytes; throws where nothing can be. */
export type Write = (bytes: Uint8Array) => number;

let descriptor: number | undefined;

export const standardError: Write = (bytes) => writeSync(descriptor ??= withoutWaiting(2), bytes);

/**
 * The same pipe or terminal, opened once more so that a write to it never waits: a pipe that is full because nobody reads it
 * would stop the whole program. O_NONBLOCK on the descriptor that was given would be set for all programs that share it.
 */
function withoutWaiting(given: number): number {
  try {
    const stat = fstatSync(given);
    if (!stat.isFIFO() && !stat.isCharacterDevice()) return given;
    const { O_WRONLY, O_APPEND, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${given}`, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY);
  } catch {
    // Another system, or another user's terminal.
    return given;
  }
}

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
