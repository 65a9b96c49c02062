/** Whose PROXY header counts, and what else is expected of a connection before its first packet. */
import type { DataSettings } from '../contract/messages.ts';
import { hostOf } from '../runtime/addresses.ts';
import { addressWords, isIn } from '../runtime/networks.ts';
import type { Conn } from '../runtime/runtime.ts';

/**
 * `off`: a header is another protocol, as to PostgreSQL. From PROXY_TRUSTED a header is `optional` or `needed`; from
 * elsewhere it does not count (`untrusted`), or nothing does (`barred`). `gone`: of a TCP connection that was reset before it
 * was accepted, as checks of load balancers are, nobody can say any more where it came from.
 */
export type HeaderRule = 'off' | 'optional' | 'needed' | 'untrusted' | 'barred' | 'gone';

/** What a connection has to begin with, from the time when it can still be asked where it comes from. */
export interface HeaderTerms {
  readonly rule: HeaderRule;
  /** The other end of its socket, without a port; undefined: a unix socket. */
  readonly peer: string | undefined;
}

/** From a trusted load balancer: a header may name the client. */
export function isFromBalancer({ rule }: HeaderTerms): boolean {
  return rule === 'optional' || rule === 'needed';
}

const noTerms: HeaderTerms = { rule: 'off', peer: undefined };

type ProxySettings = Pick<DataSettings, 'proxyProtocol' | 'proxyTrusted'>;

const rules = {
  accept: { trusted: 'optional', others: 'untrusted' },
  require: { trusted: 'needed', others: 'barred' },
} as const;

export class ProxySources {
  #settings: ProxySettings;

  constructor(settings: ProxySettings) {
    this.#settings = settings;
  }

  /** For those who connect from now on. */
  reconfigure(settings: ProxySettings): void {
    this.#settings = settings;
  }

  /** For a connection that has come just now, to a unix socket or not. */
  termsOf(client: Pick<Conn<unknown>, 'remote'>, isUnix: boolean): HeaderTerms {
    const { proxyProtocol, proxyTrusted } = this.#settings;
    if (proxyProtocol === undefined) return noTerms;
    const peer = isUnix ? undefined : hostOf(client.remote);
    if (peer === '') return { rule: 'gone', peer };
    const isTrusted = peer === undefined ? proxyTrusted.unix : this.#trusts(peer);
    return { rule: rules[proxyProtocol][isTrusted ? 'trusted' : 'others'], peer };
  }

  #trusts(host: string): boolean {
    const address = addressWords(host);
    return address !== undefined && this.#settings.proxyTrusted.networks.some((one) => isIn(one, address));
  }
}
