/** All that can happen to a data plane, at random and yet reproducibly. */
import { deepEqual, ok } from 'node:assert/strict';
import type { DataSettings } from '../../src/contract/messages.ts';
import { patterned } from '../runtime/peer.ts';
import type { FarEnd } from '../bed/fake-conn.ts';
import type { Dial } from '../bed/fake-runtime.ts';
import { bytesOf, readError, seeded } from './packets.ts';
import { other, primary, World } from './world.ts';

/** Of every client's first packet: a length, a protocol, the number of the client. */
const firstBytes = 12;

export class Storm {
  readonly world: World;
  readonly random: () => number;
  /** How many bytes each end has sent. */
  readonly sent = new Map<FarEnd, number>();
  readonly seen = new Set<string>();

  constructor(seed: number, settings: Partial<DataSettings> = {}) {
    this.random = seeded(seed);
    const small = { maxHeld: 8, maxSessions: 12, maxClients: 16, holdMs: 400 };
    this.world = new World({ ...small, ...settings }, this.random);
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  any<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)];
  }

  get clients(): FarEnd[] {
    return this.world.clients.filter(({ closed }) => !closed);
  }

  get servers(): FarEnd[] {
    return this.world.runtime.dials.filter(({ pending, far }) => !pending && !far.closed).map(({ far }) =>
      far
    );
  }

  /** All that a client sends, ever, up to so many bytes. */
  streamOf(client: FarEnd, length: number): Uint8Array {
    const first = bytesOf(firstBytes, 0x0003_0000, this.world.clients.indexOf(client));
    return bytesOf(first, patterned(Math.max(0, length - firstBytes))).subarray(0, length);
  }

  talk(end: FarEnd, stream: (length: number) => Uint8Array): void {
    const from = this.sent.get(end) ?? 0;
    const to = from + 1 + this.below(this.random() < 0.1 ? 30_000 : 20);
    this.sent.set(end, to);
    end.send(stream(to).subarray(from));
  }

  step(): void {
    const client = this.any(this.clients);
    const server = this.any(this.servers);
    const dial: Dial | undefined = this.any(this.world.pending);
    const what = this.below(100);
    if (what < 12) this.world.client();
    else if (what < 40) client && this.talk(client, (length) => this.streamOf(client, length));
    else if (what < 55) server && this.talk(server, (length) => patterned(length));
    else if (what < 68) dial?.accept();
    else if (what < 71) dial?.refuse();
    else if (what < 75) this.limit(this.random() < 0.5 ? client : server);
    else if (what < 83) (this.random() < 0.5 ? client : server)?.read(this.below(20_000));
    else if (what < 86) client?.fin();
    else if (what < 88) server?.fin();
    else if (what < 89) client?.reset();
    else if (what < 90) server?.reset();
    else if (what < 93) this.publish();
    else if (what < 94) this.world.command({ kind: 'endDead', server: primary });
    else this.world.runtime.advance(this.below(this.random() < 0.1 ? 6_000 : 150));
  }

  /** Not before it was given something: a refusal finds an empty socket, which takes it whole. */
  limit(end: FarEnd | undefined): void {
    if (end !== undefined && end.received.length > 0) end.limit(this.below(100));
  }

  publish(): void {
    this.world.publish(this.any([primary, primary, other, undefined]), { fence: this.random() < 0.3 });
  }

  /** What arrived where, after the fact. */
  check(): void {
    const serverOf = new Map<FarEnd, FarEnd>();
    for (const { far } of this.world.runtime.dials) {
      const { received } = far;
      if (received.length === 0) continue;
      ok(received.length >= firstBytes, 'a server gets the first packet whole');
      const client = this.world.clients[new DataView(received.buffer).getUint32(8)]!;
      deepEqual(received, this.streamOf(client, received.length), 'what the client sent, in order');
      ok(received.length <= this.sent.get(client)!, 'and no more');
      // One that has not answered may have been given up for another.
      if (far.delivered === 0) continue;
      ok(!serverOf.has(client), 'a client has one server that answered');
      serverOf.set(client, far);
    }
    for (const client of this.world.clients) this.checkClient(client, serverOf.get(client));
  }

  checkClient(client: FarEnd, server: FarEnd | undefined): void {
    const { received } = client;
    if (received.length === 0) return;
    if (server !== undefined) {
      this.seen.add('served');
      deepEqual(received, patterned(received.length), 'what the server sent, in order');
      ok(received.length <= this.sent.get(server)!, 'and no more');
    } else if (client.ended) this.seen.add(readError(received)['C']!);
  }

  /** All clients leave. */
  calm(): void {
    this.check();
    for (const client of this.clients) client.reset();
    // What a client said before its reset is the server's, as soon as it reads.
    for (const server of this.servers) server.read(1_000_000);
    for (const server of this.servers) server.fin();
    // One that floods is not read while it waits for a server; that ends, and so do the minutes of lines for the log.
    this.world.runtime.advance(130_000);
    for (const reason of Object.keys(this.world.closes)) this.seen.add(reason);
    this.world.empty(this.world.closes);
  }
}
