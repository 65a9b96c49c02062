import { deepEqual, equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, type CounterName, newCounters } from '../../src/contract/counters.ts';
import {
  RecentlyTurnedAway,
  stepCount,
  stepMs,
  turnedAway,
  turnings,
} from '../../src/control/turned-away.ts';

const none = Object.fromEntries(turnings.map((name) => [name, 0]));

describe('who was turned away', () => {
  test('is told by limit, of all workers, each once', () => {
    const slabs = [newCounters(), newCounters()];
    const count = (name: CounterName, times: number): void => {
      slabs[0]![at[name]]! += times;
      slabs[1]![at[name]]! += 1;
    };
    count('notAllowed', 1);
    count('proxyMissing', 1);
    count('proxyUntrusted', 2);
    count('buffersFull', 2);
    count('limit', 9);
    const counts = turnedAway(slabs);
    deepEqual(counts, { ...none, notAllowed: 2, proxyRefused: 5, buffersFull: 3, sessionsFull: 7 });
  });

  test('in the last minutes is what came since, whatever was before', () => {
    const slab = newCounters();
    const recently = new RecentlyTurnedAway([slab]);
    deepEqual(recently.at(0), { ms: 0, counts: none });
    slab[at.notAllowed]! += 5;
    recently.note(1_000);
    slab[at.addressFull]! += 2;
    deepEqual(recently.at(3_000), { ms: 2_000, counts: { ...none, addressFull: 2 } });
    const minutes = stepMs * stepCount;
    for (let now = 2_000; now <= 1_000 + minutes; now += 1_000) recently.note(now);
    const { ms, counts } = recently.at(1_000 + minutes);
    equal(ms, minutes - stepMs);
    deepEqual(counts, none);
  });
});
