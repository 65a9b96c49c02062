import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndedSession } from '../../src/contract/messages.ts';
import { startup } from './packets.ts';
import { defaults, firstByte, primary, World } from './world.ts';

const logged = (which: 'errors' | 'all') => ({ logConnections: which });

/** What was told, once the next batch is due. */
function told(world: World): { sessions: EndedSession[]; leftOut: number } {
  world.runtime.advance(250);
  const reports = world.reports.filter((report) => report.kind === 'ended');
  return {
    sessions: reports.flatMap(({ sessions }) => sessions),
    leftOut: reports.reduce((sum, { leftOut }) => sum + leftOut, 0),
  };
}

describe('LOG_CONNECTIONS=all', () => {
  test('tells of a session who it was, how long, how much, and how it ended', () => {
    const world = new World(logged('all'));
    world.publish(primary);
    const { client, server } = world.open();
    world.runtime.advance(3_000);
    client.send(new Uint8Array(30));
    server.send(new Uint8Array(100));
    client.fin();
    server.fin();
    deepEqual(told(world).sessions, [{
      client: '127.0.0.1:40000',
      port: 'primary',
      server: '10.0.0.1:5432',
      user: 'postgres',
      database: 'postgres',
      application: undefined,
      durationMs: 3_000,
      upBytes: startup.length + 30,
      downBytes: firstByte.length + 100,
      reason: 'clientClosed',
    }]);
    world.empty({ clientClosed: 1 });
  });

  test('tells what had gone up to a server that broke', () => {
    const world = new World(logged('all'));
    world.publish(primary);
    const { client, server } = world.open();
    server.reset();
    client.fin();
    deepEqual(told(world).sessions.map(({ reason, upBytes }) => [reason, upBytes]), [[
      'serverReset',
      startup.length,
    ]]);
  });

  test('costs the control plane a bounded number of lines, whoever comes and goes; the others are counted', () => {
    const world = new World(logged('all'));
    for (let count = 0; count < 1_000; count++) world.client().reset();
    const { sessions, leftOut } = told(world);
    equal(sessions.length, 125, 'half of what two workers may');
    equal(leftOut, 875);
    equal(world.reports.filter(({ kind }) => kind === 'ended').length, 1);
    world.empty({ clientReset: 1_000 });
  });

  test('tells of those who are ended with the gateway, before it has stopped', () => {
    const world = new World(logged('all'));
    world.publish(primary);
    const { client, server } = world.open();
    world.command({ kind: 'stop' });
    server.fin();
    client.fin();
    deepEqual(world.reports.slice(-2).map((report) => report.kind), ['ended', 'stopped']);
    deepEqual(told(world).sessions.map(({ reason }) => reason), ['drained']);
    world.empty({ drained: 1 });
  });

  test('begins and ends with a reload, for those who are there already', () => {
    const world = new World();
    world.publish(primary);
    const [first, second] = [world.open(), world.open()];
    world.open().client.reset();
    equal(told(world).sessions.length, 0);
    world.command({ kind: 'settings', settings: { ...defaults, ...logged('all') } });
    first.client.reset();
    deepEqual(told(world).sessions.map(({ client }) => client), ['127.0.0.1:40000']);
    world.command({ kind: 'settings', settings: defaults });
    second.client.reset();
    equal(told(world).sessions.length, 1);
  });
});

describe('LOG_CONNECTIONS=errors', () => {
  test('leaves out what its client or its server has ended', () => {
    const world = new World(logged('errors'));
    world.publish(primary);
    const [one, two] = [world.open(), world.open()];
    one.client.fin();
    one.server.fin();
    two.server.fin();
    two.client.fin();
    world.client().fin();
    deepEqual(told(world).sessions, []);
    ok(world.clients.every(({ closed }) => closed));
  });

  test('has clients that were refused, by name, and those that waited in vain', () => {
    const world = new World({ ...logged('errors'), maxHeld: 1 });
    world.client(startup).fin();
    world.client(startup);
    world.client(startup).fin();
    deepEqual(
      told(world).sessions.map(({ client, user, reason, server }) => [client, user, reason, server]),
      [
        ['127.0.0.1:40000', 'postgres', 'clientClosed', undefined],
        ['127.0.0.1:40002', 'postgres', 'limit', undefined],
      ],
    );
  });

  test('has sessions that a fence has ended', () => {
    const world = new World(logged('errors'));
    world.publish(primary);
    world.open();
    world.publish({ host: '10.0.0.2', port: 5432 }, { fence: true });
    deepEqual(told(world).sessions.map(({ reason, server }) => [reason, server]), [[
      'fenced',
      '10.0.0.1:5432',
    ]]);
  });
});
