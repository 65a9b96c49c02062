/** Those who want to hear of something. */
import { later } from './later.ts';

type AnyListener = (value: never) => void;

export class Listeners<Events> {
  readonly #listeners = new Map<keyof Events, Set<{ readonly call: AnyListener }>>();

  /** The same function twice is called twice. What is returned ends it, and can be called again. */
  add<E extends keyof Events>(event: E, call: (value: Events[E]) => void): () => void {
    const listener = { call };
    const those = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, those.add(listener));
    return () => void those.delete(listener);
  }

  /** Those that are there now; none of them runs inside of what happens. */
  tell<E extends keyof Events>(event: E, value: Events[E]): void {
    for (const { call } of this.#listeners.get(event) ?? []) {
      later(() => (call as (value: Events[E]) => void)(value));
    }
  }
}
