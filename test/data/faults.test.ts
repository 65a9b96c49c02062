/**
 * An exception in our own code ends the session that it was for, on both sides, is counted and told, and nothing else happens:
 * no handler, timer or command throws into the loop, whose thread that would end with all of its sessions.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at } from '../../src/contract/counters.ts';
import type { DataSettings, Report } from '../../src/contract/messages.ts';
import { Faults } from '../../src/data/faults.ts';
import type { Session } from '../../src/data/session/session.ts';
import type { SessionState } from '../../src/data/session/state.ts';
import { FakeConn } from '../bed/fake-conn.ts';
import { patterned } from '../runtime/peer.ts';
import { cancelRequest, seeded, startup } from './packets.ts';
import { Storm } from './storm.ts';
import { firstByte, primary, World } from './world.ts';

const bug = (): never => {
  throw new TypeError('undefined is not what it should be');
};

/** What the fake runtime was given for the connection at the other end of `far`. */
function connOf(far: object): { data: SessionState } {
  return (far as { conn: { data: SessionState } }).conn;
}

type Side = 'client' | 'server';

/** What brings about each event of a connection: all of `ClientSide` and `ServerSide`, but for what comes once at its end. */
const events: Readonly<Record<string, (of: ReturnType<World['open']>) => void>> = {
  clientData: ({ client }) => client.send(patterned(10)),
  clientDrain: ({ client, server }) => {
    client.limit(10);
    server.send(patterned(100));
    client.read(1_000);
  },
  clientEnd: ({ client }) => client.fin(),
  clientClosed: ({ client }) => client.reset(),
  serverData: ({ server }) => server.send(patterned(10)),
  serverDrain: ({ client, server }) => {
    server.limit(10);
    client.send(patterned(100));
    server.read(1_000);
  },
  serverEnd: ({ server }) => server.fin(),
  serverClosed: ({ server }) => server.reset(),
};

function faultsIn(world: World): Extract<Report, { kind: 'fault' }>[] {
  return world.reports.filter((report) => report.kind === 'fault');
}

describe('an exception', () => {
  for (const [event, bringAbout] of Object.entries(events)) {
    test(`in ${event} ends that session alone`, () => {
      const world = new World();
      world.publish(primary);
      const [good, bad] = [world.open(), world.open()];
      const side = event.slice(0, 6) as Side;
      connOf(bad[side]).data[event as 'clientData'] = bug;
      bringAbout(bad);
      ok(bad.client.closed && bad.server.closed, 'both sides are closed');
      equal(world.count('faults'), 1);
      deepEqual(faultsIn(world).map(({ where, count }) => [where, count]), [[event, 1]]);
      match(faultsIn(world)[0]!.stack, /undefined is not what it should be[^]*faults\.test/);
      good.client.send(patterned(10));
      good.server.send(patterned(20));
      deepEqual(good.server.received.subarray(startup.length), patterned(10));
      deepEqual(good.client.received, patterned(20));
      good.client.fin();
      good.server.fin();
      world.empty({ clientClosed: 1, fault: 1 });
    });
  }

  test('before a session is there closes the client, and the next one is served', () => {
    const world = new World();
    world.publish(primary);
    const { now } = world.runtime;
    world.runtime.now = bug;
    const client = world.runtime.arrive();
    world.runtime.now = now;
    ok(client.closed && client.aborted);
    equal(world.count('active'), 0);
    deepEqual(faultsIn(world).map(({ where }) => where), []);
    equal(world.count('faults'), 1, 'it is counted even where it cannot be told');
    const { server } = world.open();
    ok(!server.closed);
  });

  test('before the server has said a byte ends both sides', () => {
    const world = new World();
    world.publish(primary);
    const client = world.client(startup);
    const server = world.runtime.lastDial.accept();
    // What its events go to is the check of the role, which asks the state.
    connOf(client).data.serverData = bug;
    server.send(firstByte);
    ok(client.closed && server.closed);
    world.empty({ fault: 1 });
  });

  test('when the route changes ends that session, and the others follow the route', () => {
    const world = new World();
    world.publish(primary);
    const sessions = [world.open(), world.open(), world.open()];
    connOf(sessions[1]!.client).data.routed = bug;
    world.publish(undefined, { fence: true });
    ok(sessions.every(({ client, server }) => client.closed && server.closed));
    equal(world.counters[at.fence], world.route.fence, 'the fence is confirmed');
    world.empty({ fenced: 2, fault: 1 });
  });

  test('while clients are released ends one, and the others are served', () => {
    const world = new World();
    const clients = [1, 2, 3].map(() => world.client(startup));
    connOf(clients[1]!).data.leave = bug;
    world.publish(primary);
    equal(world.runtime.dials.length, 2);
    deepEqual(clients.map(({ closed }) => closed), [false, true, false]);
    equal(world.count('held'), 0);
  });

  test('in a timer of a session ends that session', () => {
    const world = new World();
    const client = world.client();
    (connOf(client).data as unknown as { session: Session }).session.pending = undefined;
    world.runtime.advance(world.dataPlane.settings.startupTimeoutMs);
    ok(client.closed);
    deepEqual(faultsIn(world).map(({ where }) => where), ['timer']);
    world.empty({ fault: 1 });
  });

  test('while a cancel request is passed on closes its client, and the next one is passed on', () => {
    const world = new World();
    world.publish(primary);
    const { connect } = world.runtime;
    world.runtime.connect = bug;
    const clients = [1, 2, 3].map(() => world.client(cancelRequest()));
    world.runtime.connect = connect;
    world.runtime.advance(100);
    ok(clients.every(({ closed }) => closed));
    world.client(cancelRequest());
    const { length } = world.runtime.dials;
    equal(length, 1);
    world.runtime.lastDial.accept().fin();
    equal(world.count('faults'), 3);
  });

  test('is told once a minute for each place, with how many there were', () => {
    let now = 0;
    const told: string[] = [];
    const faults = new Faults(() => now, ({ where, count }) => void told.push(`${where} ${count}`));
    for (let second = 0; second <= 60; second++) {
      now = second * 1_000;
      faults.note('one', new Error('x'));
      if (second % 30 === 0) faults.note('other', 'not even an Error');
    }
    deepEqual(told, ['one 1', 'other 1', 'one 60', 'other 2']);
  });
});

/** Every call of ours into the runtime, which is where an exception can come from anywhere. */
const calls = ['now', 'after', 'connect'] as const;
const connCalls = ['write', 'pause', 'resume', 'shutdown'] as const;

/** Makes one in `every` calls of the data plane throw, as the dice fall, while `during` runs. */
function withFaults(storm: Storm, dice: () => number, every: number): { end(): void; count: number } {
  const injected = { count: 0, end: () => restore.forEach((fn) => fn()) };
  const restore: (() => void)[] = [];
  const mine = <T extends object>(target: T, name: keyof T): void => {
    const real = target[name] as (...args: unknown[]) => unknown;
    const own = Object.hasOwn(target, name);
    target[name] = function (this: unknown, ...args: unknown[]) {
      if (dice() < 1 / every) {
        injected.count += 1;
        throw new Error(`injected into ${String(name)}`);
      }
      return real.apply(this, args);
    } as T[keyof T];
    restore.push(() => own ? target[name] = real as T[keyof T] : delete target[name]);
  };
  for (const name of calls) mine(storm.world.runtime, name);
  for (const name of connCalls) mine(FakeConn.prototype, name);
  return injected;
}

/** What else the data plane does for its sessions, and with timers of its own. */
const everything: Partial<DataSettings> = {
  prewarm: 2,
  logConnections: 'all',
  idleTimeoutMs: 500,
  maxBufferedBytes: 10_000,
  maxPerAddress: 10,
};

test('a storm in which everything may throw ends no loop, mixes no bytes and leaves nothing behind', {
  timeout: 120_000,
}, () => {
  let injections = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const storm = new Storm(seed, seed % 2 === 0 ? everything : {});
    storm.world.publish(primary);
    const injected = withFaults(storm, seeded(seed + 1_000_000), 5 + seed % 50);
    try {
      for (let step = 0; step < 300; step++) {
        storm.step();
        equal(storm.world.count('active'), storm.clients.length, `after step ${step}`);
      }
      injected.end();
      // The round over all sessions would go on.
      const { dataPlane } = storm.world;
      const settings = { ...dataPlane.settings, idleTimeoutMs: undefined, maxBufferedBytes: undefined };
      storm.world.command({ kind: 'settings', settings });
      storm.calm();
      injections += injected.count;
    } catch (error) {
      injected.end();
      throw new Error(`with seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  ok(injections > 1_000, `only ${injections}`);
});
