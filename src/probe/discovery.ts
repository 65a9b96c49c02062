/**
 * Looks one name up again and again: when the last answer is older than the TTL, soon after a failed lookup, and when
 * what was found does not work. One lookup at a time, because the runtimes look up in a small pool of threads that
 * hung lookups would fill. The owner decides what is done with the answers.
 */
import { codeOf, messageOf } from '../errors.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import { ProbeError } from './failure.ts';

export interface DiscoveryOptions {
  readonly dnsTtlMs: number;
  /** How long a name may take that was never found; what comes later is still taken. */
  readonly dnsTimeoutMs: number;
  readonly clock: Pick<Runtime, 'now' | 'after'>;
  /** Hears of an exception in our own code. */
  readonly faulted?: ((where: string, error: unknown) => void) | undefined;
}

export interface DiscoveryEvents<T> {
  found(value: T): void;
  /** Of the kind `unresolved`. At most once a lookup, and `found` may still follow. */
  failed(error: ProbeError): void;
}

/** No name is looked up more often than this, whatever fails. */
const pauseMs = 1000;

/** A lookup that takes longer than this is given up and another one is begun. */
const giveUpMs = 30_000;

export class Discovery<T> {
  readonly #name: string;
  readonly #lookup: () => Promise<T>;
  readonly #options: DiscoveryOptions;
  readonly #events: DiscoveryEvents<T>;
  /** Grows with each lookup; the answers to older ones are dropped. */
  #number = 0;
  #isPending = false;
  #isStopped = false;
  #wasFound = false;
  #startedAt = 0;
  #next: Timer | undefined;
  #deadline: Timer | undefined;

  constructor(name: string, lookup: () => Promise<T>, options: DiscoveryOptions, events: DiscoveryEvents<T>) {
    this.#name = name;
    this.#lookup = lookup;
    this.#options = options;
    this.#events = events;
  }

  start(): void {
    this.#begin();
  }

  /** Leaves no timer. A lookup under way cannot be stopped; its result is dropped. For ever. */
  stop(): void {
    this.#isStopped = true;
    this.#number += 1;
    this.#next?.cancel();
    this.#deadline?.cancel();
  }

  /** What was found does not work: looks again at once, but not more than once a second. */
  suspect(): void {
    if (this.#isPending || this.#isStopped) return;
    this.#schedule(Math.max(0, this.#startedAt + this.#pauseMs - this.#options.clock.now()));
  }

  get #pauseMs(): number {
    return Math.min(pauseMs, this.#options.dnsTtlMs);
  }

  #schedule(delayMs: number): void {
    this.#next?.cancel();
    this.#next = this.#options.clock.after(delayMs, () => this.#begin());
  }

  #begin(): void {
    const { clock, dnsTtlMs } = this.#options;
    const number = this.#number += 1;
    this.#isPending = true;
    this.#startedAt = clock.now();
    this.#deadline?.cancel();
    // No verdict waits for a name whose addresses are known.
    if (!this.#wasFound) this.#deadline = clock.after(this.#options.dnsTimeoutMs, () => this.#expire());
    this.#next = clock.after(giveUpMs, () => {
      if (this.#wasFound) this.#expire();
      this.#begin();
    });
    this.#lookup().then(
      (value) =>
        this.#end(number, dnsTtlMs, () => {
          this.#wasFound = true;
          this.#events.found(value);
        }),
      (error) =>
        this.#end(number, this.#pauseMs, () => {
          this.#events.failed(this.#unresolved(codeOf(error) || messageOf(error)));
        }),
    ).catch((error) => this.#options.faulted?.('dns', error));
  }

  #expire(): void {
    const ms = Math.round(this.#options.clock.now() - this.#startedAt);
    this.#events.failed(this.#unresolved(`no answer within ${ms} ms`));
  }

  #end(number: number, pauseMs: number, report: () => void): void {
    if (number !== this.#number) return;
    this.#isPending = false;
    this.#deadline?.cancel();
    this.#schedule(pauseMs);
    report();
  }

  #unresolved(why: string): ProbeError {
    const message =
      `cannot be found, the name ${this.#name} does not resolve (${why}): check CANDIDATES, /etc/hosts and the name server`;
    return new ProbeError('unresolved', message);
  }
}
