import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { leasedAt, newCounters } from '../../src/contract/counters.ts';
import { Leases } from '../../src/control/leases.ts';
import { noRoute } from '../../src/contract/messages.ts';
import { ServerSlots } from '../../src/control/server-slots.ts';

const [first, second] = [1, 2].map((last) => ({ host: `10.0.0.${last}`, port: 5432 })) as [
  { host: string; port: number },
  { host: string; port: number },
];

/** Two data planes; what they see of the first two servers. */
function world() {
  const slabs = [newCounters(), newCounters()];
  const servers = new ServerSlots(slabs);
  const leases = new Leases(slabs, servers);
  const seen = () => slabs.map((slab) => [...slab.subarray(leasedAt, leasedAt + 2)]);
  return { servers, leases, seen };
}

test('a data plane whose clock is not known has no leases, and later those by its own clock', () => {
  const { servers, leases, seen } = world();
  servers.slotsOf({ ...noRoute, primary: first });
  leases.align(0, 0);
  leases.take([{ server: first, until: 1_000 }]);
  deepEqual(seen(), [[1_000, 0], [-Infinity, 0]]);
  leases.align(1, 300);
  deepEqual(seen(), [[1_000, 0], [700, 0]]);
  leases.forget(0);
  deepEqual(seen(), [[-Infinity, 0], [700, 0]]);
});

test('a server has its lease as soon as it has a slot', () => {
  const { servers, leases, seen } = world();
  for (const index of [0, 1]) leases.align(index, 0);
  leases.take([{ server: second, until: 2_000 }, { server: first, until: 1_000 }]);
  deepEqual(seen(), [[0, 0], [0, 0]]);
  servers.slotsOf({ ...noRoute, primary: first, standbys: [{ address: second, weight: 1 }] });
  leases.write();
  deepEqual(seen(), [[1_000, 2_000], [1_000, 2_000]]);
});

test('of two names of one server the newest answer counts, whatever their order', () => {
  const { servers, leases, seen } = world();
  servers.slotsOf({ ...noRoute, primary: first });
  for (const index of [0, 1]) leases.align(index, 0);
  const both = [{ server: first, until: 9_000 }, { server: { ...first }, until: 1_000 }];
  for (const order of [both, both.toReversed()]) {
    leases.take(order);
    deepEqual(seen(), [[9_000, 0], [9_000, 0]]);
  }
});
