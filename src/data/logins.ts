/** Who clients say that they are, each combination once: thousands of sessions of a pool have the same. */
import { type LoginNames, readLoginNames } from '../protocol/login-names.ts';

/** So many are kept to be found again; sessions keep theirs. */
const mostKept = 1_000;

export class Logins {
  readonly #known = new Map<string, LoginNames>();

  /** Of a client whose first bytes these are. */
  of(first: Uint8Array): LoginNames | undefined {
    const names = readLoginNames(first);
    if (names === undefined) return undefined;
    const key = JSON.stringify(names);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= mostKept) this.#known.clear();
    this.#known.set(key, names);
    return names;
  }
}
