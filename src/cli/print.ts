/**
 * What commands say to a person. A reader that has left (`| head -1`) is no error of the command; the runtimes' own
 * consoles end Node and Deno with a stack then.
 */
import { writeSync } from 'node:fs';
import { codeOf, StartError } from '../errors.ts';
import { LineWriter, standardError } from '../line-writer.ts';

/** How long to wait until a slow reader of a pipe that does not block has made room. */
const roomMs = 10;

/**
 * What was asked for, to standard output, to its last byte; false: its reader has left. Throws StartError where there is no room
 * for it.
 */
export function print(text: string, end = '\n'): boolean {
  let rest: Uint8Array = new TextEncoder().encode(`${text}${end}`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EPIPE') return false;
      if (code !== 'EAGAIN') {
        throw new StartError(`standard output cannot be written (${code}): see to its disk.`);
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, roomMs);
    }
  }
  return true;
}

/** What else there is to say, to standard error, if anyone listens. */
export function say(text: string): void {
  new LineWriter(standardError).write(text);
}
