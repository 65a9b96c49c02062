import { deepEqual, equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newCounters, servedAt, serverSlots } from '../../src/contract/counters.ts';
import { noRoute } from '../../src/contract/messages.ts';
import { ServerSlots } from '../../src/control/server-slots.ts';
import type { Address } from '../../src/runtime/runtime.ts';

const address = (last: number) => ({ host: `10.0.0.${last}`, port: 5432 });

/** The slot that `server` gets as the primary of a route. */
const slotOf = (servers: ServerSlots, server: Address) =>
  servers.slotsOf({ ...noRoute, primary: server }).slot;

describe('the table of servers', () => {
  test('gives a server the slot that it had, and another server another one', () => {
    const servers = new ServerSlots([newCounters()]);
    const slot = slotOf(servers, address(1));
    equal(slotOf(servers, address(1)), slot);
    equal(slotOf(servers, address(2)) === slot, false);
    equal(slotOf(servers, address(1)), slot);
  });

  test('adds up the sessions of all workers, by server', () => {
    const slabs = [newCounters(), newCounters()];
    const servers = new ServerSlots(slabs);
    const slot = slotOf(servers, address(1));
    for (const slab of slabs) slab[servedAt + slot]! += 2;
    deepEqual(servers.sessions, [{ server: address(1), sessions: 4 }]);
  });

  test('shows the latest server first, and an earlier one as long as it has sessions', () => {
    const slab = newCounters();
    const servers = new ServerSlots([slab]);
    const slot = slotOf(servers, address(1));
    slab[servedAt + slot] = 1;
    slotOf(servers, address(2));
    deepEqual(servers.sessions, [{ server: address(2), sessions: 0 }, { server: address(1), sessions: 1 }]);
    slab[servedAt + slot] = 0;
    deepEqual(servers.sessions, [{ server: address(2), sessions: 0 }]);
  });

  test('gives slots without sessions to new servers, and never that of a server with sessions', () => {
    const slab = newCounters();
    const servers = new ServerSlots([slab]);
    slab[servedAt + slotOf(servers, address(0))] = 1;
    for (let last = 1; last < 5 * serverSlots; last++) slotOf(servers, address(last));
    deepEqual(servers.sessions[1], { server: address(0), sessions: 1 });
    equal(servers.sessions.length, 2);
  });

  test('knows no server before the first route', () =>
    deepEqual(new ServerSlots([newCounters()]).sessions, []));
});
