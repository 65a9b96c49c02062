/**
 * What is thrown where the program is called back is a fault of its own. It ends what it was for, be that a session, and
 * nothing else; it is counted, and told with its stack, once a minute for each place at the most.
 */
import type { Runtime } from '../runtime/runtime.ts';
import { ReportLimit } from './report-limit.ts';

export interface Fault {
  /** The event that was being handled. */
  readonly where: string;
  readonly stack: string;
  /** How many there were at this place since the last one that was told. */
  readonly count: number;
}

const everyMs = 60_000;

/** Of a stack: its message may quote anything. */
const mostStack = 2_000;

export class Faults {
  readonly #limit = new ReportLimit<string>(everyMs);
  readonly #now: () => number;
  readonly #tell: (fault: Fault) => void;

  constructor(now: () => number, tell: (fault: Fault) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  /** `where` is one of few. Never throws. */
  note(where: string, error: unknown): void {
    try {
      const count = this.#limit.due(where, this.#now());
      if (count > 0) this.#tell({ where, stack: stackOf(error), count });
    } catch {
      // Where could it be said?
    }
  }
}

export function stackOf(error: unknown): string {
  const text = error instanceof Error ? whole(error) : String(error);
  return text.slice(0, mostStack);
}

/** JavaScriptCore's stacks do not begin with the message, V8's do. */
function whole({ name, message, stack = '' }: Error): string {
  return stack.includes(message) ? stack : `${name}: ${message}\n${stack}`;
}

/** The same runtime; what a timer throws goes to `faulted`. */
export function withGuardedTimers(runtime: Runtime, faulted: (error: unknown) => void): Runtime {
  return {
    name: runtime.name,
    listen: (address, options, handlers, events) => runtime.listen(address, options, handlers, events),
    connect: (address, options, handlers, data) => runtime.connect(address, options, handlers, data),
    after: guardedAfter(runtime, faulted),
    now: () => runtime.now(),
  };
}

/** `after` of `clock`; what a timer throws goes to `faulted`. */
export function guardedAfter(
  clock: Pick<Runtime, 'after'>,
  faulted: (error: unknown) => void,
): Runtime['after'] {
  return (ms, fn) =>
    clock.after(ms, () => {
      try {
        fn();
      } catch (error) {
        faulted(error);
      }
    });
}
