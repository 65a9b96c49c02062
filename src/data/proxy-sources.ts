/** Whose PROXY header counts, and what else is expected of a connection before its first packet. */
import type { DataSettings } from '../contract/messages.ts';
import { hostOf } from '../runtime/addresses.ts';
import { Networks } from '../runtime/networks.ts';
import type { Conn } from '../runtime/runtime.ts';

/**
 * `off`: a header is another protocol, as to PostgreSQL. From PROXY_TRUSTED a header is `optional` or `needed`; from
 * elsewhere it does not count (`untrusted`), or nothing does (`barred`).
 */
export type HeaderRule = 'off' | 'optional' | 'needed' | 'untrusted' | 'barred';

type ProxySettings = Pick<DataSettings, 'proxyProtocol' | 'proxyTrusted'>;

const rules = {
  accept: { trusted: 'optional', others: 'untrusted' },
  require: { trusted: 'needed', others: 'barred' },
} as const;

export class ProxySources {
  #settings: ProxySettings;
  #networks: Networks;

  constructor(settings: ProxySettings) {
    this.#settings = settings;
    this.#networks = new Networks(settings.proxyTrusted.networks);
  }

  /** For those who connect from now on. */
  reconfigure(settings: ProxySettings): void {
    this.#settings = settings;
    this.#networks = new Networks(settings.proxyTrusted.networks);
  }

  /** Of a connection that has come just now, to a unix socket or not: a TCP connection that is gone has no address either. */
  ruleOf(client: Pick<Conn<unknown>, 'remote'>, isUnix: boolean): HeaderRule {
    const { proxyProtocol, proxyTrusted } = this.#settings;
    if (proxyProtocol === 'off') return 'off';
    const isTrusted = isUnix ? proxyTrusted.unix : this.#networks.has(hostOf(client.remote));
    return rules[proxyProtocol][isTrusted ? 'trusted' : 'others'];
  }
}
