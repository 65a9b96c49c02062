/** The signals of an operator, in the order in which they came. */
import type { Log } from '../log.ts';
import { closeDebugger } from './debugger.ts';

/** SIGTERM and SIGINT drain, SIGQUIT ends at once; `drain` is the command, `takeover`: another gateway has the ports. */
export type Ending = 'SIGINT' | 'SIGTERM' | 'SIGQUIT' | 'drain' | 'takeover';

export class Signals {
  readonly #arrived: Ending[] = [];
  #wake: ((ending: Ending) => void) | undefined;

  /** `reload` is called for each SIGHUP. */
  constructor(log: Log, reload: () => void) {
    process.on('SIGHUP', reload);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const) process.on(name, () => this.add(name));
    // Without a listener they end the process, with all its sessions; SIGUSR1 would open Node's debugger.
    for (const name of ['SIGUSR1', 'SIGUSR2'] as const) {
      process.on(name, () => {
        log('signal_ignored', { signal: name });
        if (name === 'SIGUSR1') closeDebugger();
      });
    }
  }

  /** Something that asks for the end, as if it were a signal. */
  add(ending: Ending): void {
    if (this.#wake === undefined) this.#arrived.push(ending);
    else this.#wake(ending);
    this.#wake = undefined;
  }

  /** Resolves with the next that asks for the end, or with one that came before it was asked for. */
  next(): Promise<Ending> {
    const early = this.#arrived.shift();
    if (early !== undefined) return Promise.resolve(early);
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
