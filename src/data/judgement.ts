/** What would become of a client that came now from an address: by those who decide it, and without counting it. For people. */
import { type Counters, total } from '../contract/counters.ts';
import type { DataSettings } from '../contract/messages.ts';
import type { ErrorFields } from '../protocol/error-response.ts';
import { endpointText, isLoopback, peerOf } from '../runtime/addresses.ts';
import { addressWords } from '../runtime/networks.ts';
import { Access } from './access.ts';
import { addressKey, AddressTable } from './address-table.ts';
import { untrustedClient } from './proxy-refusals.ts';
import { ProxySources } from './proxy-sources.ts';
import {
  addressFull,
  addressTooFast,
  buffersFull,
  notAllowed,
  type Refusal,
  tooManySessions,
} from './refusals.ts';

export interface Judgement {
  /** The address, or its network of IPv6, that is counted. */
  readonly peer: string;
  /** What it would read; null: it would get a server, or wait for one. */
  readonly refusal: ErrorFields | null;
  /** How many connections the address has; null where they are not counted. */
  readonly connections: number | null;
  /** How many times it may connect at once; null where that is not limited. */
  readonly connects: number | null;
  /** It would be refused by `refusal` only if it came past the load balancers of PROXY_TRUSTED. */
  readonly isPastBalancer: boolean;
}

type Settings = Pick<
  DataSettings,
  | 'allow'
  | 'deny'
  | 'maxPerAddress'
  | 'ratePerAddress'
  | 'maxBufferedBytes'
  | 'maxSessions'
  | 'proxyProtocol'
  | 'proxyTrusted'
>;

/** `addresses` is the memory of the table of addresses, `now` its clock; undefined: `host` is no numeric address. */
export function judge(
  host: string,
  settings: Settings,
  counters: readonly Counters[],
  addresses: ArrayBufferLike,
  now: () => number,
): Judgement | undefined {
  if (addressWords(host) === undefined) return undefined;
  // As an endpoint of a client; its port is nobody's business.
  const client = endpointText(host, 1)!;
  const peer = peerOf(client);
  const { maxPerAddress, ratePerAddress: rate, maxBufferedBytes, maxSessions } = settings;
  const key = isLoopback(host) ? undefined : addressKey(host);
  const isLimited = key !== undefined && (maxPerAddress !== undefined || rate !== undefined);
  const found = isLimited
    ? new AddressTable(addresses, counters.length, undefined, now).look(key, rate)
    : undefined;
  const verdict = new Access(settings).of(client);
  const { rule } = new ProxySources(settings).termsOf({ remote: client }, false);
  const refusals: readonly (Refusal | false | undefined)[] = [
    verdict !== 'allowed' && notAllowed(client, verdict),
    maxPerAddress !== undefined && (found?.connections ?? 0) >= maxPerAddress && addressFull(peer),
    rate !== undefined && found?.connects === 0 && addressTooFast(peer),
    maxBufferedBytes !== undefined && total(counters, 'buffered') >= maxBufferedBytes && buffersFull,
    total(counters, 'admitted') >= maxSessions && tooManySessions(maxSessions),
    rule === 'barred' && untrustedClient(host),
  ];
  const at = refusals.findIndex((one) => one !== false);
  const refusal = refusals[at];
  return {
    peer,
    refusal: refusal ? fieldsOf(refusal) : null,
    connections: key === undefined || maxPerAddress === undefined ? null : found?.connections ?? 0,
    connects: key === undefined || rate === undefined ? null : found?.connects ?? rate.burst,
    isPastBalancer: refusal !== undefined && at === refusals.length - 1,
  };
}

function fieldsOf({ sqlstate, message, detail, hint }: Refusal): ErrorFields {
  return {
    sqlstate,
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
  };
}
