/** Ends the process when one input takes for ever: the thread that hangs cannot do that itself. */
import { writeSync } from 'node:fs';
import { Worker, workerData } from 'node:worker_threads';

const mostMs = 60_000;
const everyMs = 5_000;

interface Watched {
  /** The index of the input that is tried. */
  readonly shared: Int32Array<SharedArrayBuffer>;
  readonly command: string;
}

export interface Watch {
  /** To be called before each input. */
  note(index: number): void;
  end(): void;
}

/** `command` does it again, with the index at its end. */
export function watch(command: string): Watch {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const data: Watched = { shared, command };
  const worker = new Worker(new URL(import.meta.url), { workerData: data });
  worker.unref();
  return {
    note(index) {
      shared[0] = index;
      shared[1] = (shared[1]! + 1) | 0;
    },
    end: () => void worker.terminate(),
  };
}

if (workerData !== null && typeof workerData === 'object' && 'shared' in workerData) {
  const { shared, command } = workerData as Watched;
  let last = shared[1];
  let since = performance.now();
  setInterval(() => {
    if (shared[1] !== last) {
      last = shared[1];
      since = performance.now();
    } else if (performance.now() - since > mostMs) {
      writeSync(
        2,
        `scripts/fuzz: an input does not come to its end: ${command} --first ${shared[0]} --runs 1\n`,
      );
      process.kill(process.pid, 'SIGKILL');
    }
  }, everyMs);
}
