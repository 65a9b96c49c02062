/**
 * Counts who is turned away, for want of room or because of a limit, and tells the control plane how many there were and which
 * address had most of them: a second after the first one, then once a minute as long as there are any.
 */
import { at, type CounterName, type Counters } from '../contract/counters.ts';
import type { Report } from '../contract/messages.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';

/** What a flood brings in this time is enough to tell its address. */
const firstMs = 1_000;
const minuteMs = 60_000;

/** So many addresses are counted at one time. */
const mostAddresses = 100;

type Who = Extract<Report, { kind: 'turnedAway' }>['who'];

const counterOf: Readonly<Record<Who, CounterName>> = {
  clients: 'displaced',
  cancels: 'cancelsDropped',
  notAllowed: 'notAllowed',
  addressFull: 'addressFull',
  addressTooFast: 'addressTooFast',
  buffersFull: 'buffersFull',
};

/** All kinds of them. */
export class TurnedAways {
  readonly #byKind = new Map<Who, TurnedAway>();
  readonly #counters: Counters;
  readonly #runtime: Pick<Runtime, 'after'>;
  readonly #report: (report: Report) => void;

  constructor(counters: Counters, runtime: Pick<Runtime, 'after'>, report: (report: Report) => void) {
    this.#counters = counters;
    this.#runtime = runtime;
    this.#report = report;
  }

  /** One of `peer`, as `peerOf` gives it. */
  note(who: Who, peer: string): void {
    this.#counters[at[counterOf[who]]]! += 1;
    let kind = this.#byKind.get(who);
    if (kind === undefined) this.#byKind.set(who, kind = new TurnedAway(who, this.#runtime, this.#report));
    kind.note(peer);
  }
}

export class TurnedAway {
  readonly #who: Who;
  readonly #runtime: Pick<Runtime, 'after'>;
  readonly #report: (report: Report) => void;
  readonly #byAddress = new Map<string, number>();
  #count = 0;
  #timer: Timer | undefined;

  constructor(who: Who, runtime: Pick<Runtime, 'after'>, report: (report: Report) => void) {
    this.#who = who;
    this.#runtime = runtime;
    this.#report = report;
  }

  note(address: string): void {
    this.#count += 1;
    this.#countAddress(address);
    this.#timer ??= this.#runtime.after(firstMs, () => this.#tell());
  }

  /**
   * Misra and Gries, "Finding repeated elements" (1982): bounded, and an address that has more than a hundredth of all
   * cannot be missed; its count is a lower bound.
   */
  #countAddress(address: string): void {
    const counts = this.#byAddress;
    const count = counts.get(address);
    if (count !== undefined || counts.size < mostAddresses) return void counts.set(address, (count ?? 0) + 1);
    for (const [other, count] of counts) {
      if (count > 1) counts.set(other, count - 1);
      else counts.delete(other);
    }
  }

  #tell(): void {
    this.#timer = undefined;
    const count = this.#count;
    if (count === 0) return;
    const [busiest, ofBusiest] = [...this.#byAddress].reduce((a, b) => b[1] > a[1] ? b : a, ['', 0]);
    this.#count = 0;
    this.#byAddress.clear();
    this.#timer = this.#runtime.after(minuteMs, () => this.#tell());
    this.#report({ kind: 'turnedAway', who: this.#who, count, busiest, ofBusiest });
  }
}
