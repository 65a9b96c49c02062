/** Who clients say that they are, each packet once: the thousands of sessions of a pool all say the same. */
import { type LoginNames, loginNames, startupText } from '../protocol/login-names.ts';

/** So many packets of such a length are kept to be known again; sessions keep their names. */
const mostKept = 1_000;
const longestKept = 512;

export class Logins {
  readonly #known = new Map<string, LoginNames>();

  /** Of a client whose first bytes these are. */
  of(first: Uint8Array): LoginNames | undefined {
    const text = startupText(first);
    if (text === undefined) return undefined;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const names = loginNames(text);
    if (this.#known.size >= mostKept) this.#known.clear();
    if (text.length <= longestKept) this.#known.set(text, names);
    return names;
  }
}
