import { deepEqual, equal, match } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, newCounters } from '../../src/contract/counters.ts';
import type { DataSettings } from '../../src/contract/messages.ts';
import { Rounds } from '../../src/data/rounds.ts';
import { TurnedAways } from '../../src/data/turned-away.ts';
import { SessionList } from '../../src/data/session-list.ts';
import type { Session } from '../../src/data/session/session.ts';
import { authenticationOk, bytesOf, message, readError, readyForQuery, startup } from './packets.ts';
import { defaults, primary, World } from './world.ts';

const timeoutMs = 10_000;

/** Turns the clock by so many seconds, as a worker does that runs: with a beat in each. */
function run(world: World, seconds: number): void {
  for (let second = 0; second < seconds; second++) {
    world.counters[at.clock] = Math.floor(world.runtime.now());
    world.runtime.advance(1_000);
  }
}

function worldWith(settings: Partial<DataSettings>): World {
  const world = new World(settings);
  world.publish(primary);
  world.counters[at.clock] = Math.floor(world.runtime.now());
  return world;
}

/** Every client and server leaves, and nothing looks for silence any more. */
function close(world: World): void {
  for (const client of world.clients) client.reset();
  for (const { far } of world.runtime.dials) far.fin();
  world.command({ kind: 'settings', settings: defaults });
}

describe('IDLE_TIMEOUT_MS', () => {
  test('ends a session in which no byte has passed for so long, and tells its client where that can be', () => {
    const world = worldWith({ idleTimeoutMs: timeoutMs });
    const { client, server } = world.open();
    server.send(authenticationOk.subarray(1));
    server.send(readyForQuery);
    client.forget();
    run(world, 9);
    equal(client.ended, false);
    run(world, 2);
    equal(client.ended, true);
    const error = readError(client.received);
    equal(error['C'], '57P05');
    match(error['H']!, /IDLE_TIMEOUT_MS/);
    equal(server.ended, true, 'the server gets an orderly end');
    close(world);
    world.empty({ idleTimeout: 1 });
  });

  test('counts from the last byte, of the client or of the server', () => {
    const world = worldWith({ idleTimeoutMs: timeoutMs });
    const [up, down, silent] = [world.open(), world.open(), world.open()];
    run(world, 8);
    world.counters[at.clock] = Math.floor(world.runtime.now());
    up.client.send(message('Q', bytesOf('select 1\0')));
    down.server.send(readyForQuery);
    run(world, 8);
    equal(silent.client.ended, true);
    equal(up.client.ended || down.client.ended, false);
    run(world, 4);
    equal(up.client.ended && down.client.ended, true);
    run(world, 2);
    close(world);
    world.empty({ idleTimeout: 3 });
  });

  test('is none by default', () => {
    const off = worldWith({});
    const { client } = off.open();
    run(off, 3_600);
    equal(client.ended, false);
    close(off);
    off.empty({ clientReset: 1 });
  });

  test('counts for sessions that are there when a reload changes it', () => {
    const world = worldWith({});
    const { client } = world.open();
    run(world, 60);
    world.command({ kind: 'settings', settings: { ...defaults, idleTimeoutMs: 30_000 } });
    run(world, 1);
    equal(client.ended, true);
    run(world, 2);
    close(world);
    world.empty({ idleTimeout: 1 });
  });
});

test('silence while this program was stopped does not count', () => {
  let now = 100_000;
  let look = (): void => {};
  const ends: number[] = [];
  const runtime = {
    now: () => now,
    after: (_ms: number, fn: () => void) => {
      look = fn;
      return { cancel: () => {} };
    },
  };
  const sessions = new SessionList<Session>((_, error) => {
    throw error;
  });
  const state = { name: 'open', activeAt: now, gatewayEnds: () => ends.push(now) };
  sessions.add({ listIndex: -1, state } as unknown as Session);
  const counters = newCounters();
  const turnedAway = new TurnedAways(counters, runtime, () => {});
  const rounds = new Rounds(runtime, sessions, counters, [counters], turnedAway);
  rounds.reconfigure({ idleTimeoutMs: timeoutMs, maxBufferedBytes: undefined });
  const pass = (ms: number): void => {
    now += ms;
    look();
  };
  pass(1_000);
  pass(3_600_000);
  for (let second = 0; second < 9; second++) pass(1_000);
  deepEqual(ends, []);
  pass(1_000);
  equal(ends.length, 1);
});

describe('MAX_BUFFERED_BYTES', () => {
  const settings = { maxBufferedBytes: 65_536 };

  /** A session whose client reads nothing, and whose server has said so many bytes that the socket does not take. */
  function unread(world: World, bytes: number): ReturnType<World['open']> {
    const session = world.open();
    session.client.limit(0);
    session.server.send(new Uint8Array(bytes));
    return session;
  }

  test('takes no new session while more is kept, and takes them again when it was read', () => {
    const world = worldWith(settings);
    const { client } = unread(world, 1_000_000);
    run(world, 1);
    equal(world.count('buffered') >= 65_536, true, `${world.count('buffered')}`);
    const refused = world.client(startup);
    equal(readError(refused.received)['C'], '53300');
    refused.fin();
    equal(client.closed, false);
    client.read(2_000_000);
    run(world, 1);
    equal(world.count('buffered'), 0);
    world.open();
    run(world, 61);
    equal(world.count('buffersFull'), 1);
    close(world);
    world.empty({ limit: 1, clientReset: 2 });
  });

  test('counts what other workers keep, and what clients say at the start', () => {
    const world = worldWith(settings);
    const half = world.client(startup.subarray(0, 20));
    run(world, 1);
    equal(world.count('buffered'), 20);
    world.otherWorker[at.buffered] = 100_000;
    half.send(startup.subarray(20));
    equal(readError(half.received)['C'], '53300');
    world.otherWorker[at.buffered] = 0;
    half.fin();
    run(world, 61);
    close(world);
    equal(world.count('buffered'), 0);
    world.empty({ limit: 1 });
  });
});
