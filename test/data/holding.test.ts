import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytesOf, clientHelloFor, readError, sslRequest, startup } from './packets.ts';
import { defaults, firstByte, other, primary, refusalServer, World } from './world.ts';

/** Accepts and answers so many dials, the oldest first, and names the first packets that the servers got. */
function answer(world: World, count: number): string[] {
  return world.pending.slice(0, count).map((dial) => {
    const server = dial.accept();
    server.send(firstByte);
    return new TextDecoder().decode(server.received.subarray(8));
  });
}

/** A StartupMessage of a user of this name. */
function startupOf(user: string): Uint8Array {
  return bytesOf(8 + user.length, 0x0003_0000, user);
}

function leaveAll(world: World): void {
  for (const client of world.clients) client.reset();
}

describe('without a primary', () => {
  test('a client waits unanswered and is dialled when there is one', () => {
    const world = new World();
    const client = world.client(startup);
    world.runtime.advance(defaults.holdMs - 1);
    deepEqual([world.dialled, client.received.length, client.ended], [[], 0, false]);
    deepEqual([world.count('held'), world.count('holds')], [1, 1]);
    world.publish(primary);
    deepEqual([world.dialled, world.count('held'), world.count('holds')], [['10.0.0.1'], 0, 1]);
    const server = world.runtime.lastDial.accept();
    deepEqual(server.received, startup);
    leaveAll(world);
    world.empty({ clientReset: 1 });
  });

  test('after HOLD_MS it is refused with the reason of the route', () => {
    const world = new World();
    world.publish(undefined);
    const client = world.client(startup);
    world.runtime.advance(defaults.holdMs);
    const error = readError(client.received);
    equal(error['C'], '57P03');
    match(error['M']!, /no primary to connect to \(waited 10 s\): the test says so/);
    equal(error['D'], 'one: silent');
    ok(client.ended);
    equal(world.count('held'), 0);
    client.fin();
    world.empty({ holdTimeout: 1 });
  });

  test('with HOLD_MS=0 no client waits', () => {
    const world = new World({ holdMs: 0 });
    const client = world.client(startup);
    equal(readError(client.received)['C'], '57P03');
    equal(world.count('holds'), 0);
    client.fin();
    world.empty({ refused: 1 });
  });

  test('a client that leaves or breaks while it waits is forgotten', () => {
    const world = new World();
    const [first, second] = [world.client(startup), world.client(startup)];
    first!.fin();
    equal(world.count('held'), 1);
    second!.reset();
    world.publish(primary);
    deepEqual(world.dialled, []);
    world.empty({ clientClosed: 1, clientReset: 1 });
  });

  test('a client that floods while it waits is paused, bounded, and loses nothing', () => {
    const world = new World();
    const client = world.client(startup);
    const flood = new Uint8Array(1_000).fill(7);
    for (let count = 0; count < 1_000; count++) client.send(flood);
    ok(client.paused);
    // Twice the longest first packet, and the piece that went over it.
    ok(client.delivered <= 2 * 10_004 + 1_000, `${client.delivered} bytes were read`);
    world.publish(primary);
    const server = world.runtime.lastDial.accept();
    ok(client.paused, 'what it sent is kept until the server has answered');
    server.send(firstByte);
    ok(!client.paused);
    equal(server.received.length, startup.length + 1_000_000);
    leaveAll(world);
    world.empty({ clientReset: 1 });
  });

  test('a client that comes when MAX_HELD clients wait is refused at once', () => {
    const world = new World({ maxHeld: 2 });
    world.client(startup);
    world.client(startup);
    const third = world.client(startup);
    const error = readError(third.received);
    equal(error['C'], '57P03');
    match(error['M']!, /2 clients wait for a server already/);
    third.fin();
    equal(world.count('held'), 2);
    equal(world.count('holds'), 2);
    leaveAll(world);
    world.empty({ limit: 1, clientReset: 2 });
  });
});

// Up to its answer, a cancel request under TLS says no more than this.
describe('a client that asks for TLS and may be about to cancel', () => {
  for (
    const [name, bytes] of [['SSLRequest', sslRequest], [
      'ClientHello',
      clientHelloFor('postgresql'),
    ]] as const
  ) {
    test(`waits, and gives its place back as soon as it hangs up: ${name}`, () => {
      const world = new World({ maxHeld: 2 });
      world.publish(undefined);
      const [first, second] = [world.client(bytes), world.client(bytes)];
      deepEqual([world.count('held'), first.received.length], [2, 0]);
      first.fin();
      equal(world.count('held'), 1);
      second.reset();
      equal(world.count('held'), 0);
      world.publish(primary);
      deepEqual(world.dialled, []);
      world.empty({ clientClosed: 1, clientReset: 1 });
    });

    test(`is refused at once where MAX_HELD clients wait: ${name}`, () => {
      const world = new World({ maxHeld: 1 });
      world.client(bytes);
      world.client(bytes);
      deepEqual([world.count('held'), world.runtime.lastDial.address], [1, refusalServer]);
      leaveAll(world);
      world.empty({ limit: 1, clientReset: 1 });
    });
  }
});

describe('when there is a primary again', () => {
  test('those held are released in the order of their arrival, as fast as the server answers', () => {
    const world = new World();
    const names = Array.from({ length: 450 }, (_, index) => `user ${index}`);
    for (const name of names) world.client(startupOf(name));
    equal(world.count('held'), 450);
    world.publish(primary);
    deepEqual([world.dialled.length, world.count('held')], [64, 386]);
    const answered = answer(world, 50);
    world.runtime.advance(9);
    equal(world.dialled.length, 64);
    world.runtime.advance(1);
    deepEqual([world.dialled.length, world.count('held')], [114, 336]);
    while (answered.length < 450) {
      answered.push(...answer(world, 20));
      world.runtime.advance(10);
      ok(world.pending.length <= 64, `${world.pending.length} wait for an answer`);
    }
    deepEqual(answered, names);
    leaveAll(world);
    world.empty({ clientReset: 450 });
  });

  test('a server that answers none of them gets as many again four times a second', () => {
    const world = new World();
    for (let index = 0; index < 150; index++) world.client(startup);
    world.publish(primary);
    const held = [240, 10, 240, 10].map((ms) => {
      world.runtime.advance(ms);
      return world.count('held');
    });
    deepEqual(held, [86, 22, 22, 0]);
    leaveAll(world);
    world.empty({ clientReset: 150 });
  });

  test('a client that comes meanwhile queues behind those held', () => {
    const world = new World();
    for (let index = 0; index < 65; index++) world.client(startupOf(`held ${index}`));
    world.publish(primary);
    world.client(startupOf('late'));
    equal(world.dialled.length, 64);
    const answered = answer(world, 64);
    world.runtime.advance(10);
    deepEqual([...answered, ...answer(world, 2)].slice(-2), ['held 64', 'late']);
    world.client(startupOf('later'));
    equal(world.dialled.length, 67, 'no client is held any more');
    leaveAll(world);
    world.empty({ clientReset: 67 });
  });

  test('those that leave between two steps are not dialled', () => {
    const world = new World();
    for (let index = 0; index < 150; index++) world.client(startup);
    world.publish(primary);
    for (const client of world.clients.slice(64, 144)) client.fin();
    answer(world, 64);
    world.runtime.advance(10);
    equal(world.dialled.length, 70);
    leaveAll(world);
    world.empty({ clientClosed: 80, clientReset: 70 });
  });

  test('a route that is withdrawn between two steps stops them, and the next one lets the rest go', () => {
    const world = new World();
    for (let index = 0; index < 100; index++) world.client(startup);
    world.publish(primary);
    world.publish(undefined);
    world.runtime.advance(100);
    // Those whose server had not answered yet wait again, too.
    deepEqual([world.dialled.length, world.count('held')], [64, 100]);
    world.publish(other);
    answer(world, 64);
    world.runtime.advance(10);
    deepEqual(world.dialled.slice(64), Array(100).fill('10.0.0.2'));
    leaveAll(world);
    world.empty({ clientReset: 100 });
  });
});

describe('a server with its hands full', () => {
  test('gets those who come at once one after another, in the order of their arrival', () => {
    const world = new World();
    world.publish(primary);
    const names = Array.from({ length: 200 }, (_, index) => `user ${index}`);
    for (const name of names) world.client(startupOf(name));
    deepEqual([world.dialled.length, world.count('held'), world.count('holds')], [64, 136, 136]);
    const answered: string[] = [];
    while (answered.length < 200) {
      answered.push(...answer(world, 30));
      world.runtime.advance(10);
    }
    deepEqual(answered, names);
    deepEqual(world.suspicions, [], 'it is well');
    leaveAll(world);
    world.empty({ clientReset: 200 });
  });

  test('is left to those who may wait: nobody is refused because of the others', () => {
    const world = new World({ maxHeld: 10 });
    world.publish(primary);
    for (let index = 0; index < 100; index++) world.client(startup);
    deepEqual([world.dialled.length, world.count('held')], [90, 10]);
    leaveAll(world);
    world.empty({ clientReset: 100 });
  });

  test('is dialled at once where nobody is to wait, with HOLD_MS=0', () => {
    const world = new World({ holdMs: 0 });
    world.publish(primary);
    for (let index = 0; index < 100; index++) world.client(startup);
    deepEqual([world.dialled.length, world.count('held')], [100, 0]);
    leaveAll(world);
    world.empty({ clientReset: 100 });
  });

  test('is dialled for a client whose turn has not come in HOLD_MS, and that is not refused', () => {
    const world = new World({ holdMs: 100, connectTimeoutMs: 5_000 });
    world.publish(primary);
    for (let index = 0; index < 65; index++) world.client(startupOf(`user ${index}`));
    deepEqual([world.dialled.length, world.count('held')], [64, 1]);
    world.runtime.advance(100);
    deepEqual([world.dialled.length, world.count('held')], [65, 0]);
    equal(answer(world, 65).at(-1), 'user 64');
    leaveAll(world);
    world.empty({ clientReset: 65 });
  });
});

describe('a dial that fails', () => {
  test('is tried again, and the client notices nothing', () => {
    const world = new World();
    world.publish(primary);
    const client = world.client(startup);
    world.runtime.lastDial.refuse();
    equal(client.received.length, 0);
    deepEqual([world.count('held'), world.count('holds')], [1, 1]);
    world.runtime.advance(100);
    deepEqual([world.dialled.length, world.count('held')], [2, 0]);
    world.runtime.lastDial.refuse();
    world.runtime.advance(100);
    const server = world.runtime.lastDial.accept();
    deepEqual(server.received, startup);
    equal(world.count('holds'), 1, 'it is one client that had to wait');
    leaveAll(world);
    world.empty({ clientReset: 1 });
  });

  test('calls for a probe, at most once in 50 ms', () => {
    const world = new World();
    world.publish(primary);
    for (let count = 0; count < 3; count++) world.client(startup);
    for (const dial of world.pending) dial.refuse();
    deepEqual(world.reports.slice(1), [
      { kind: 'suspicion', why: 'dialling the primary failed with ECONNREFUSED' },
    ]);
    world.runtime.advance(100);
    for (const dial of world.pending) dial.refuse('EHOSTUNREACH');
    deepEqual(world.suspicions.slice(1), ['dialling the primary failed with EHOSTUNREACH']);
    leaveAll(world);
    world.empty({ clientReset: 3 });
  });

  for (
    const [code, fail, reason] of [
      ['ECONNREFUSED', (world: World) => world.runtime.lastDial.refuse(), 'connectRefused'],
      ['ETIMEDOUT', (world: World) => world.runtime.advance(defaults.connectTimeoutMs), 'connectTimeout'],
    ] as const
  ) {
    test(`until HOLD_MS is over with ${code} refuses the client as ${reason}`, () => {
      const world = new World({ holdMs: 3_000 });
      world.publish(primary);
      const client = world.client(startup);
      const start = world.runtime.now();
      while (!client.ended && world.runtime.now() < start + 20_000) {
        if (world.pending.length > 0) fail(world);
        else world.runtime.advance(100);
      }
      const waited = world.runtime.now() - start;
      // The hold begins when the first try has failed, and ends with the last one.
      ok(waited >= 3_000 && waited <= 3_000 + 2 * defaults.connectTimeoutMs, `after ${waited} ms`);
      const error = readError(client.received);
      equal(error['C'], '57P03');
      match(error['M']!, /cannot connect to the primary \(waited 3 s\): connect/);
      client.fin();
      world.empty({ [reason]: 1 });
    });

    test(`with HOLD_MS=0 and ${code} refuses it at once`, () => {
      const world = new World({ holdMs: 0 });
      world.publish(primary);
      const client = world.client(startup);
      fail(world);
      match(readError(client.received)['M']!, /cannot connect to the primary: connect/);
      equal(world.count('holds'), 0);
      client.fin();
      world.empty({ [reason]: 1 });
    });
  }

  test('when MAX_HELD clients wait already refuses the client', () => {
    const world = new World({ maxHeld: 1 });
    world.publish(primary);
    world.client(startup);
    const second = world.client(startup);
    for (const dial of world.pending) dial.refuse();
    equal(readError(second.received)['C'], '57P03');
    second.fin();
    leaveAll(world);
    world.empty({ limit: 1, clientReset: 1 });
  });

  test('because of what one client says holds up no other', () => {
    const world = new World();
    world.publish(primary);
    world.client(startup);
    world.runtime.lastDial.accept().fin();
    equal(world.count('held'), 1);
    world.client(startup);
    deepEqual([world.dialled.length, world.count('held')], [2, 1]);
    // But clients that wait for a server come first.
    world.publish(undefined);
    world.runtime.settle();
    world.client(startup);
    world.lease(-Infinity);
    world.publish(primary);
    world.client(startup);
    equal(world.count('held'), 4);
    leaveAll(world);
    world.empty({ clientReset: 4 });
  });

  test('and a client that leaves between two tries is forgotten', () => {
    const world = new World();
    world.publish(primary);
    const client = world.client(startup);
    world.runtime.lastDial.refuse();
    client.fin();
    world.runtime.advance(1_000);
    equal(world.dialled.length, 1);
    world.empty({ clientClosed: 1 });
  });

  test('for ever is no reason to say so once the primary is gone', () => {
    const world = new World({ holdMs: 1_000 });
    world.publish(primary);
    const client = world.client(startup);
    world.runtime.lastDial.refuse();
    world.publish(undefined);
    world.runtime.advance(1_000);
    match(readError(client.received)['M']!, /no primary to connect to/);
    client.fin();
    world.empty({ holdTimeout: 1 });
  });
});

describe('what is known of the primary is too old', () => {
  test('a client waits, and is let go as soon as the primary has answered again', () => {
    const world = new World();
    world.publish(primary);
    world.lease(world.runtime.now() + 1_000);
    world.runtime.advance(1_001);
    const client = world.client(startup);
    deepEqual([world.dialled, world.count('held')], [[], 1]);
    world.runtime.advance(5_000);
    deepEqual([world.dialled, world.count('held')], [[], 1]);
    world.lease(world.runtime.now() + 1_000);
    world.runtime.advance(100);
    deepEqual([world.dialled, world.count('held')], [['10.0.0.1'], 0]);
    client.reset();
    world.empty({ clientReset: 1 });
  });

  test('nor is the server dialled when the same route comes again', () => {
    const world = new World();
    world.lease(-1);
    world.publish(primary);
    world.client(startup);
    world.stand();
    deepEqual([world.dialled, world.count('held')], [[], 1]);
    world.lease(world.runtime.now() + 1_000);
    world.stand();
    deepEqual([world.dialled, world.count('held')], [['10.0.0.1'], 0]);
    leaveAll(world);
    world.empty({ clientReset: 1 });
  });

  test('after HOLD_MS it is refused, and told so', () => {
    const world = new World();
    world.lease(-1);
    world.publish(primary);
    const client = world.client(startup);
    world.runtime.advance(defaults.holdMs);
    const error = readError(client.received);
    equal(error['C'], '57P03');
    match(error['M']!, /cannot connect to the primary \(waited 10 s\): what is known of it is too old/);
    client.fin();
    world.empty({ connectTimeout: 1 });
  });

  test('sessions that are open stay', () => {
    const world = new World();
    world.publish(primary);
    const { client, server } = world.open();
    world.lease(-1);
    world.runtime.advance(10_000);
    server.send(firstByte);
    deepEqual(client.received, firstByte);
    client.reset();
    world.empty({ clientReset: 1 });
  });
});
