/** A data plane in a world that a test holds in its hand: its clients, its servers, its clock. */
import { deepEqual, equal } from 'node:assert/strict';
import {
  at,
  type CloseReason,
  closeReasons,
  type CounterName,
  leasedAt,
  newCounters,
  servedAt,
  serverSlots,
} from '../../src/contract/counters.ts';
import {
  type DataSettings,
  noRoute,
  type Report,
  type Route,
  type Standby,
} from '../../src/contract/messages.ts';
import { noSockets } from '../../src/contract/sockets.ts';
import type { Address } from '../../src/runtime/runtime.ts';
import { AddressTable, newAddressMemory } from '../../src/data/address-table.ts';
import { DataPlane } from '../../src/data/data-plane.ts';
import type { FarEnd } from '../bed/fake-conn.ts';
import { type Dial, FakeRuntime } from '../bed/fake-runtime.ts';
import { startup } from './packets.ts';

export const primary: Address = { host: '10.0.0.1', port: 5432 };
export const other: Address = { host: '10.0.0.2', port: 5432 };
/** The beginning of PostgreSQL's AuthenticationOk. */
export const firstByte = Uint8Array.of('R'.charCodeAt(0));

/** Standby number `index`, from 3 on, at its address; its slot is `index`. */
export function standby(index: number, weight = 1): Standby {
  return { address: { host: `10.0.0.${index}`, port: 5432 }, weight };
}

function slotOf(address: Address): number {
  return 'host' in address ? Number(address.host.split('.').at(-1)) : 0;
}

export const refusalServer: Address = { path: '/run/refusals' };

export const defaults: DataSettings = {
  listen: { host: '127.0.0.1', port: 6432 },
  listenStandby: undefined,
  alsoListen: [],
  fallback: true,
  balance: 'least',
  proxyProtocol: undefined,
  proxyTrusted: { networks: [], unix: false },
  reusePort: false,
  sockets: noSockets,
  backlog: 16,
  keepAlive: { idleMs: 60_000, intervalMs: 10_000, count: 3 },
  connectTimeoutMs: 800,
  startupTimeoutMs: 5_000,
  holdMs: 10_000,
  maxHeld: 1_000,
  spinMs: 0,
  prewarm: 0,
  logConnections: undefined,
  maxSessions: 1_000,
  maxClients: 1_100,
  allow: undefined,
  deny: undefined,
  maxPerAddress: undefined,
  ratePerAddress: undefined,
  idleTimeoutMs: undefined,
  maxBufferedBytes: undefined,
  refusalServer,
};

export class World {
  readonly runtime: FakeRuntime;
  readonly counters = newCounters();
  /** Those of another worker of the same program. */
  readonly otherWorker = newCounters();
  readonly reports: Report[] = [];
  readonly dataPlane: DataPlane;
  readonly clients: FarEnd[] = [];
  route: Route = noRoute;
  #slot = 0;

  constructor(settings: Partial<DataSettings> = {}, random?: () => number) {
    this.runtime = new FakeRuntime(random);
    this.lease(Infinity);
    this.dataPlane = new DataPlane(
      this.runtime,
      { ...defaults, ...settings },
      [this.otherWorker, this.counters],
      1,
      new AddressTable(newAddressMemory(2), 2, 1, () => this.runtime.now()),
      (report) => this.reports.push(report),
    );
    this.dataPlane.start();
    this.runtime.settle();
  }

  /** A client connects from the host `from`, and says `bytes`. */
  client(bytes?: Uint8Array, from?: string): FarEnd {
    const client = this.runtime.arrive(this.dataPlane.settings.listen, from);
    this.clients.push(client);
    if (bytes !== undefined) client.send(bytes);
    return client;
  }

  /** A client of the standby port, out of the host `from`; settings need a `listenStandby`. */
  reader(bytes: Uint8Array = startup, from?: string): FarEnd {
    const client = this.runtime.arrive(this.dataPlane.settings.listenStandby, from);
    this.clients.push(client);
    client.send(bytes);
    return client;
  }

  /** A client with its server, both open: the server has said its first byte. */
  open(): { client: FarEnd; server: FarEnd } {
    const client = this.client(startup);
    const server = this.runtime.lastDial.accept();
    server.send(firstByte);
    client.forget();
    return { client, server };
  }

  /** The next route: another primary or none, and whether older sessions are ended. */
  publish(primary: Address | undefined, { fence = false, slot = this.#slot } = {}): void {
    this.#slot = slot;
    const epoch = this.route.epoch + 1;
    this.route = {
      epoch,
      fence: fence ? epoch : this.route.fence,
      primary,
      standbys: this.route.standbys,
      reason: 'the test says so',
      detail: 'one: silent',
      standbyDetail: '',
    };
    this.#send();
  }

  /** What is known of all servers counts until then. */
  lease(until: number): void {
    this.counters.fill(until, leasedAt, leasedAt + serverSlots);
  }

  /** The next route: the same primary, and these standbys; see `slotOf`. */
  stand(...standbys: readonly Standby[]): void {
    this.route = { ...this.route, standbys };
    this.#send();
  }

  #send(): void {
    const standbySlots = this.route.standbys.map(({ address }) => slotOf(address));
    this.command({ kind: 'route', route: this.route, slot: this.#slot, standbySlots });
  }

  command(command: Parameters<DataPlane['command']>[0]): void {
    this.runtime.together(() => this.dataPlane.command(command));
  }

  count(name: CounterName): number {
    return this.counters[at[name]]!;
  }

  /** Open sessions by slot, up to the last one that has any. */
  get served(): number[] {
    const counts = [...this.counters.subarray(servedAt)].slice(0, serverSlots);
    return counts.slice(0, counts.findLastIndex((count) => count !== 0) + 1);
  }

  /** What clients ended by, without reasons that did not occur. */
  get closes(): Partial<Record<CloseReason, number>> {
    const counted = closeReasons.map((reason) => [reason, this.count(reason)] as const);
    return Object.fromEntries(counted.filter(([, count]) => count > 0));
  }

  get suspicions(): string[] {
    return this.reports.flatMap((report) => report.kind === 'suspicion' ? [report.why] : []);
  }

  get pending(): Dial[] {
    return this.runtime.dials.filter(({ pending }) => pending);
  }

  /** Where was dialled, in order. */
  get dialled(): string[] {
    return this.runtime.dials.map(({ address }) => 'path' in address ? address.path : address.host);
  }

  /** All clients are gone: asserts that nothing of them is left, and that each ended once, by `closes`. */
  empty(closes: Partial<Record<CloseReason, number>>): void {
    deepEqual(this.closes, closes);
    equal(this.count('active'), 0, 'no client is active');
    equal(this.count('held'), 0, 'no client is held');
    deepEqual(this.served, [], 'no client is served');
    equal(this.count('accepted'), this.clients.length, 'each client was accepted once');
    const ended = closeReasons.reduce((sum, reason) => sum + this.count(reason), 0);
    equal(ended, this.clients.length, 'each client ended once');
    equal(this.clients.filter(({ closed }) => !closed).length, 0, 'the clients are closed');
    deepEqual(this.runtime.faults, []);
    // A pause between two dials may be running; nothing else may.
    this.runtime.advance(200);
    equal(this.runtime.timers, 0, 'no timer runs');
    deepEqual(this.pending, [], 'nothing is dialled');
    equal(this.runtime.dials.filter(({ far }) => !far.closed).length, 0, 'the servers are closed');
  }
}
