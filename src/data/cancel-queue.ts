/**
 * Cancel requests on their way. Each one costs the server a process and the client nothing, so few are on their way at a
 * time, at a pace, and the others queue; the addresses of clients take turns, so that a person's Ctrl-C does not wait
 * behind a flood.
 */
import type { Address, Timer } from '../runtime/runtime.ts';
import { passCancel } from './cancel.ts';
import type { DialHost } from './dial.ts';

/** Of the whole program. */
const mostUnderWay = 16;

/** No place is free again sooner: with sixteen of them, 800 requests a second at the most. */
const leastMs = 20;

/**
 * So many go on at that pace, and after them so many a second, for each costs the server a process, and a millisecond of a
 * processor: of a thousand that leave at once none waits for too long, and a flood costs little. Of the whole program.
 */
const burst = 500;
const perSecond = 100;

/** Of one worker. */
const mostWaiting = 1_000;

/** One that waits for longer could hit the next query of its session. */
const mostWaitMs = 5_000;

/** What a server has made of it is not known; `undelivered`: it reached none. */
export type CancelOutcome = 'delivered' | 'undelivered' | 'dropped';

interface Waiting {
  readonly request: Uint8Array;
  readonly servers: readonly Address[];
  readonly since: number;
  readonly done: (outcome: CancelOutcome) => void;
}

export interface CancelQueueHost extends DialHost {
  cancelBegins(): void;
  /** There was no room for one of `client`. */
  cancelDropped(client: string): void;
}

export class CancelQueue {
  readonly #host: CancelQueueHost;
  readonly #burst: number;
  readonly #perMs: number;
  #free: number;
  /** How many may begin; a part of one counts. As of `#countedAt`. */
  #allowed: number;
  #countedAt: number;
  /** Runs until one more may begin. */
  #pace: Timer | undefined;
  /** By client, in the order of their turns. */
  readonly #waiting = new Map<string, Waiting[]>();
  #size = 0;

  /** `workers` share what may be on its way. */
  constructor(host: CancelQueueHost, workers: number) {
    this.#host = host;
    this.#free = Math.max(1, Math.floor(mostUnderWay / workers));
    this.#burst = burst / workers;
    this.#perMs = perSecond / workers / 1_000;
    this.#allowed = this.#burst;
    this.#countedAt = host.runtime.now();
  }

  /** Passes on `request` of `client` to each of `servers`, in its turn. */
  add(client: string, request: Uint8Array, servers: readonly Address[], done: Waiting['done']): void {
    const cancel = { request, servers, since: this.#host.runtime.now(), done };
    const own = this.#waiting.get(client);
    if (own === undefined) this.#waiting.set(client, [cancel]);
    else own.push(cancel);
    this.#size += 1;
    if (this.#size > mostWaiting) this.#dropOfBusiest();
    this.#passOn();
  }

  #passOn(): void {
    while (this.#free > 0 && this.#size > 0 && this.#mayBegin()) {
      const [client, own] = this.#waiting.entries().next().value!;
      const cancel = own.shift()!;
      this.#size -= 1;
      this.#waiting.delete(client);
      if (own.length > 0) this.#waiting.set(client, own);
      try {
        if (this.#host.runtime.now() - cancel.since > mostWaitMs) this.#drop(client, cancel);
        else this.#begin(cancel);
      } catch (error) {
        this.#host.faulted('cancel', error);
        cancel.done('undelivered');
      }
    }
  }

  /** Otherwise it goes on when one more may. */
  #mayBegin(): boolean {
    const now = this.#host.runtime.now();
    this.#allowed = Math.min(this.#burst, this.#allowed + (now - this.#countedAt) * this.#perMs);
    this.#countedAt = now;
    if (this.#allowed >= 1) return true;
    this.#pace ??= this.#host.runtime.after(Math.ceil((1 - this.#allowed) / this.#perMs), () => {
      this.#pace = undefined;
      this.#passOn();
    });
    return false;
  }

  #begin({ request, servers, done }: Waiting): void {
    const { runtime } = this.#host;
    this.#allowed -= 1;
    this.#host.cancelBegins();
    let isOver = false;
    let timer: Timer | undefined = runtime.after(leastMs, () => {
      timer = undefined;
      if (isOver) this.#release();
    });
    this.#free -= 1;
    const finish = (isDelivered: boolean): void => {
      if (isOver) return;
      isOver = true;
      try {
        done(isDelivered ? 'delivered' : 'undelivered');
      } finally {
        if (timer === undefined) this.#release();
      }
    };
    try {
      passCancel(this.#host, request, servers, finish);
    } catch (error) {
      this.#host.faulted('cancel', error);
      finish(false);
    }
  }

  #release(): void {
    this.#free += 1;
    this.#passOn();
  }

  /** The last that came: the first is the one that is the most likely to be in time. */
  #dropOfBusiest(): void {
    const [client, own] = [...this.#waiting].reduce((a, b) => b[1].length > a[1].length ? b : a);
    const cancel = own.pop()!;
    this.#size -= 1;
    if (own.length === 0) this.#waiting.delete(client);
    this.#drop(client, cancel);
  }

  #drop(client: string, { done }: Waiting): void {
    this.#host.cancelDropped(client);
    done('dropped');
  }
}
