import { deepEqual, equal, notDeepEqual } from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  addressKey,
  type AddressLimits,
  AddressTable,
  newAddressMemory,
  places,
  uncountedPlace,
} from '../../src/data/address-table.ts';

const one = addressKey('10.0.0.1')!;
const two = addressKey('10.0.0.2')!;
const unlimited: AddressLimits = { most: undefined, rate: undefined };

/** The tables of so many workers, on a clock that stands. */
function scene(
  workers = 1,
): { readonly tables: readonly AddressTable[]; readonly table: AddressTable; now: number } {
  const memory = newAddressMemory(workers);
  const scene = { now: 1_000_000 };
  const tables = Array.from(
    { length: workers },
    (_, worker) => new AddressTable(memory, workers, worker, () => scene.now),
  );
  return Object.assign(scene, { tables, table: tables[0]! });
}

function isTaken(table: AddressTable, key: readonly [number, number], limits: AddressLimits): boolean {
  const taken = table.take(key, limits);
  if (typeof taken === 'number' && limits.most === undefined) table.giveBack(taken);
  return typeof taken === 'number';
}

/** How many connects in a row are taken. */
function burstOf(table: AddressTable, key: readonly [number, number], limits: AddressLimits): number {
  let count = 0;
  while (count < 1_000 && isTaken(table, key, limits)) count += 1;
  return count;
}

describe('whose a connection is', () => {
  test('an IPv4 address, or a /64 network of IPv6', () => {
    deepEqual(addressKey('10.0.0.1'), addressKey('::ffff:10.0.0.1'));
    notDeepEqual(one, two);
    deepEqual(addressKey('2001:db8::1'), addressKey('2001:db8::ffff:0:0:2'));
    notDeepEqual(addressKey('2001:db8::1'), addressKey('2001:db8:0:1::1'));
    notDeepEqual(addressKey('0:1::'), addressKey('0.0.0.1'));
    equal(addressKey(''), undefined);
  });
});

describe('how many connections an address has', () => {
  const limits: AddressLimits = { most: 2, rate: undefined };

  test('as many as it may, and one more when one has ended; others are not asked', () => {
    const { table } = scene();
    const first = table.take(one, limits);
    table.take(one, limits);
    equal(table.take(one, limits), 'addressFull');
    equal(typeof table.take(two, limits), 'number');
    table.giveBack(first as number);
    equal(typeof table.take(one, limits), 'number');
    equal(table.take(one, limits), 'addressFull');
  });

  test('those of all workers together', () => {
    const { tables: [a, b, c] } = scene(3);
    const ofA = a!.take(one, limits);
    b!.take(one, limits);
    for (const table of [a!, b!, c!]) equal(table.take(one, limits), 'addressFull');
    a!.giveBack(ofA as number);
    equal(typeof c!.take(one, limits), 'number');
  });

  test('without those of a worker that died, which another one replaces', () => {
    const memory = newAddressMemory(2);
    const [a, b] = [new AddressTable(memory, 2, 0, () => 0), new AddressTable(memory, 2, 1, () => 0)];
    a.take(one, limits);
    b.take(one, limits);
    equal(a.take(one, limits), 'addressFull');
    const again = new AddressTable(memory, 2, 1, () => 0);
    equal(typeof again.take(one, limits), 'number');
    equal(a.take(one, limits), 'addressFull');
  });
});

describe('how fast an address connects', () => {
  const limits: AddressLimits = { most: undefined, rate: { perSecond: 4, burst: 10 } };

  test('a burst at once, then at the rate, and a burst again after a rest', () => {
    const at = scene();
    equal(burstOf(at.table, one, limits), 10);
    equal(burstOf(at.table, two, limits), 10, 'each address has a bucket of its own');
    at.now += 249;
    equal(burstOf(at.table, one, limits), 0);
    at.now += 1;
    equal(burstOf(at.table, one, limits), 1);
    at.now += 1_000;
    equal(burstOf(at.table, one, limits), 4);
    at.now += 3_600_000;
    equal(burstOf(at.table, one, limits), 10, 'no more than that, however long it rests');
  });

  test('over all workers together', () => {
    const at = scene(2);
    equal(burstOf(at.tables[0]!, one, limits), 10);
    equal(burstOf(at.tables[1]!, one, limits), 0);
    at.now += 500;
    equal(burstOf(at.tables[1]!, one, limits), 2);
    equal(burstOf(at.tables[0]!, one, limits), 0);
  });

  test('a burst of one spaces them evenly', () => {
    const at = scene();
    const even: AddressLimits = { most: undefined, rate: { perSecond: 0.5, burst: 1 } };
    equal(burstOf(at.table, one, even), 1);
    at.now += 1_999;
    equal(burstOf(at.table, one, even), 0);
    at.now += 1;
    equal(burstOf(at.table, one, even), 1);
  });

  test('what is refused, for whatever reason, takes no token', () => {
    const at = scene();
    const both: AddressLimits = { most: 1, rate: { perSecond: 1, burst: 2 } };
    const place = at.table.take(one, both) as number;
    for (let count = 0; count < 5; count++) equal(at.table.take(one, both), 'addressFull');
    at.table.giveBack(place);
    equal(typeof at.table.take(one, both), 'number');
  });

  test('a clock that is set back, or a limit that is raised, keeps nobody out', () => {
    const at = scene();
    burstOf(at.table, one, limits);
    at.now -= 3_600_000;
    equal(burstOf(at.table, one, limits), 10);
    equal(burstOf(at.table, one, { most: undefined, rate: { perSecond: 400, burst: 10 } }), 10);
  });
});

describe('more addresses than there are places', () => {
  const nth = (index: number) =>
    addressKey(`2001:db8:${(index >> 16).toString(16)}:${(index & 0xffff).toString(16)}::`)!;

  test('take no more memory, and push out nobody that has a connection', () => {
    const memory = newAddressMemory(1);
    const size = memory.byteLength;
    const table = new AddressTable(memory, 1, 0, () => 1_000_000);
    const limits: AddressLimits = { most: 1, rate: { perSecond: 1, burst: 1 } };
    table.take(one, limits);
    for (let index = 0; index < 4 * places; index++) {
      const place = table.take(nth(index), limits);
      if (typeof place === 'number') table.giveBack(place);
    }
    equal(table.take(one, limits), 'addressFull');
    equal(memory.byteLength, size);
  });

  test('are not counted where all near places have connections', () => {
    const { table } = scene();
    let uncounted = 0;
    for (let index = 0; index < 2 * places; index++) {
      if (table.take(nth(index), { most: 1, rate: undefined }) === uncountedPlace) uncounted += 1;
    }
    // Whose places are all taken cannot be known beforehand; that half of them find none can.
    equal(uncounted >= places, true, `${uncounted}`);
    table.giveBack(uncountedPlace);
  });

  test('as many as there are sessions by default all have a place, but for a few', () => {
    const { table } = scene();
    let uncounted = 0;
    for (let index = 0; index < 10_000; index++) if (table.take(nth(index), unlimited) === -1) uncounted += 1;
    equal(uncounted < 100, true, `${uncounted}`);
  });
});
