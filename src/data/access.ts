/** Whose clients are taken: ALLOW and DENY. The most specific network that has an address decides. */
import type { DataSettings } from '../contract/messages.ts';
import { hostOf } from '../runtime/addresses.ts';
import { addressWords, isIn, type Network } from '../runtime/networks.ts';

export type Verdict = 'allowed' | 'denied' | 'unlisted';

export class Access {
  /** The most specific first. Of one family alone are two compared. */
  readonly #rules: readonly (Network & { readonly verdict: Verdict })[];
  /** Of an address that no network has: with ALLOW only those that it names are taken. */
  readonly #others: Verdict;

  constructor({ allow = [], deny = [] }: Pick<DataSettings, 'allow' | 'deny'>) {
    this.#rules = [
      ...allow.map((network) => ({ ...network, verdict: 'allowed' as const })),
      ...deny.map((network) => ({ ...network, verdict: 'denied' as const })),
    ].sort((a, b) => b.bits - a.bits);
    this.#others = allow.length > 0 ? 'unlisted' : 'allowed';
  }

  /** Everybody may come, from wherever it is. */
  get isOpen(): boolean {
    return this.#rules.length === 0;
  }

  /** Of the endpoint of a client. One of a unix socket has none: the folder's permissions say who may come. */
  of(endpoint: string): Verdict {
    if (this.isOpen || endpoint === '') return 'allowed';
    const address = addressWords(hostOf(endpoint));
    // Not one that this program can have accepted: then it is in no network.
    if (address === undefined) return this.#others;
    return this.#rules.find((rule) => isIn(rule, address))?.verdict ?? this.#others;
  }
}
