/**
 * From names to numeric addresses, by the system's own resolver, so that /etc/hosts counts.
 *
 * An address that was once found is used until a better one is known: looking again happens in the background,
 * when it is older than the TTL or when it has failed, and a resolver that is down or hangs takes nothing away.
 * Only a name that was never resolved has to wait, up to a deadline. Per name there is one lookup at a time,
 * because the runtimes look up in a small pool of threads that hung lookups would fill.
 */
import { lookup } from 'node:dns/promises';
import { codeOf, messageOf } from '../errors.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import { ProbeError } from './failure.ts';

export type Lookup = (host: string) => Promise<readonly string[]>;

export interface DiscoveryOptions {
  readonly dnsTtlMs: number;
  /** How long a name without known addresses may take to resolve. */
  readonly dnsTimeoutMs: number;
  readonly clock: Pick<Runtime, 'now' | 'after'>;
  readonly lookup?: Lookup | undefined;
}

interface Entry {
  addresses: readonly string[] | undefined;
  /** Last success and last start, in monotonic milliseconds. */
  resolvedAt: number;
  startedAt: number;
  suspected: boolean;
  pending: Promise<readonly string[]> | undefined;
}

/** Failing addresses do not make us ask the resolver more often than this. */
const pauseMs = 1000;

/** A lookup that takes longer than this is given up and another one is begun. */
const giveUpMs = 30_000;

export class Discovery {
  #options: DiscoveryOptions;
  #lookup: Lookup;
  #entries = new Map<string, Entry>();
  #deadlines = new Set<Timer>();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#lookup = options.lookup ?? systemLookup;
  }

  /** One address or more, in the order of preference. Rejects with a ProbeError of the kind `unresolved`. */
  addresses(host: string): Promise<readonly string[]> {
    if (isNumeric(host)) return Promise.resolve([host]);
    const known = this.known(host);
    return known ? Promise.resolve(known) : this.#withDeadline(host, this.#begin(host));
  }

  /** The same without waiting; undefined if the name has not been resolved yet. */
  known(host: string): readonly string[] | undefined {
    if (isNumeric(host)) return [host];
    const entry = this.#entries.get(host);
    if (entry?.addresses === undefined) return undefined;
    const now = this.#options.clock.now();
    const old = now - entry.resolvedAt >= this.#options.dnsTtlMs || entry.suspected;
    if (old && now - entry.startedAt >= Math.min(pauseMs, this.#options.dnsTtlMs)) {
      this.#begin(host).catch(ignore);
    }
    return entry.addresses;
  }

  /** This address of the host has failed: look again the next time, but not more than once a second. */
  suspect(host: string, address: string): void {
    const entry = this.#entries.get(host);
    // The address may be out of use already, because a lookup ended while it was tried.
    if (entry?.addresses?.includes(address)) entry.suspected = true;
  }

  /** Leaves no timer; who waits for a name waits for ever. A lookup under way cannot be stopped and ends unheard. */
  stop(): void {
    for (const timer of this.#deadlines) timer.cancel();
  }

  /** The lookup under way, or a new one. */
  #begin(host: string): Promise<readonly string[]> {
    const now = this.#options.clock.now();
    let entry = this.#entries.get(host);
    if (entry?.pending && now - entry.startedAt < giveUpMs) return entry.pending;
    if (!entry) {
      entry = { addresses: undefined, resolvedAt: 0, startedAt: 0, suspected: false, pending: undefined };
      this.#entries.set(host, entry);
    }
    entry.startedAt = now;
    const pending = entry.pending = this.#resolve(host, entry).finally(() => {
      if (entry.pending === pending) entry.pending = undefined;
    });
    return pending;
  }

  async #resolve(host: string, entry: Entry): Promise<readonly string[]> {
    let addresses: readonly string[];
    try {
      addresses = await this.#lookup(host);
    } catch (error) {
      throw unresolved(host, codeOf(error) || messageOf(error));
    }
    if (addresses.length === 0) throw unresolved(host, 'it has no address');
    entry.addresses = addresses;
    entry.resolvedAt = this.#options.clock.now();
    entry.suspected = false;
    return addresses;
  }

  #withDeadline(host: string, pending: Promise<readonly string[]>): Promise<readonly string[]> {
    const { clock, dnsTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.after(dnsTimeoutMs, () => {
        this.#deadlines.delete(timer);
        reject(unresolved(host, `no answer within ${dnsTimeoutMs} ms`));
      });
      this.#deadlines.add(timer);
      pending.then(resolve, reject).finally(() => {
        timer.cancel();
        this.#deadlines.delete(timer);
      });
    });
  }
}

async function systemLookup(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map(({ address }) => address);
}

function unresolved(host: string, why: string): ProbeError {
  const message =
    `cannot be found, the name ${host} does not resolve (${why}): check CANDIDATES, /etc/hosts and the name server`;
  return new ProbeError('unresolved', message);
}

/** IPv4, or anything with a colon, which no name can have. */
function isNumeric(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(':');
}

function ignore(): void {}
