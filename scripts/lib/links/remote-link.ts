/** The near side of link-thread.ts. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Directions, LinkOptions, ToxicLink } from '../../../test/bed/toxic-link.ts';

/** Without directions: tell only. */
export interface Order {
  readonly directions?: Directions;
  readonly which?: 'all' | 'coming';
}

export type Sight = Pick<ToxicLink, 'port' | 'passed' | 'cuts' | 'connections'>;

export class RemoteLink {
  readonly port: number;
  readonly #worker: Worker;
  /** One order at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(worker: Worker, port: number) {
    this.#worker = worker;
    this.port = port;
  }

  static async open(options: Pick<LinkOptions, 'to' | 'seed'>): Promise<RemoteLink> {
    const worker = new Worker(new URL('./link-thread.ts', import.meta.url), { workerData: options });
    const [{ port }] = await once(worker, 'message') as [Sight];
    return new RemoteLink(worker, port);
  }

  /** As of ToxicLink; resolves with what it has done by then. */
  set(directions: Directions, which: 'all' | 'coming' = 'all'): Promise<Sight> {
    return this.#order({ directions, which });
  }

  look(): Promise<Sight> {
    return this.#order({});
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #order(order: Order): Promise<Sight> {
    const sight = this.#last.then(async () => {
      this.#worker.postMessage(order);
      return (await once(this.#worker, 'message') as [Sight])[0];
    });
    this.#last = sight;
    return sight;
  }
}
