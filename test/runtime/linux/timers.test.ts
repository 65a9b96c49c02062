import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timer } from '../../../src/runtime/runtime.ts';
import { Timers } from '../../../src/runtime/linux/timers.ts';
import { seeded } from '../../data/packets.ts';

const rethrow = (error: unknown): never => {
  throw error;
};

test('timers fire when their time has come, in its order, once', () => {
  const timers = new Timers(rethrow);
  const fired: number[] = [];
  for (const at of [30, 10, 20, 10]) timers.add(at, () => fired.push(at));
  assert.equal(timers.next, 10);
  timers.fire(9);
  assert.deepEqual(fired, []);
  timers.fire(20);
  assert.deepEqual(fired, [10, 10, 20]);
  timers.fire(100);
  timers.fire(100);
  assert.deepEqual(fired, [10, 10, 20, 30]);
  assert.equal(timers.next, Infinity);
});

test('a cancelled timer never fires, also when another cancels it as they fire together', () => {
  const timers = new Timers(rethrow);
  const fired: string[] = [];
  const second: { timer?: Timer } = {};
  timers.add(1, () => {
    fired.push('first');
    second.timer?.cancel();
  });
  second.timer = timers.add(2, () => fired.push('second'));
  const third = timers.add(3, () => fired.push('third'));
  third.cancel();
  third.cancel();
  timers.fire(10);
  second.timer.cancel();
  assert.deepEqual(fired, ['first']);
});

test('a timer that is made while others fire waits for the next time', () => {
  const timers = new Timers(rethrow);
  let count = 0;
  const again = (): void => {
    count++;
    timers.add(0, again);
  };
  timers.add(0, again);
  timers.fire(10);
  assert.equal(count, 1);
  timers.fire(10);
  assert.equal(count, 2);
});

test('in any order of adding and cancelling, the first one is known and all fire in order', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seeded(seed);
    const timers = new Timers(rethrow);
    const alive = new Map<Timer, number>();
    const fired: number[] = [];
    for (let step = 0; step < 200; step++) {
      const [any] = alive.keys();
      if (any !== undefined && random() < 0.3) {
        any.cancel();
        alive.delete(any);
      } else {
        const at = Math.floor(random() * 50);
        alive.set(timers.add(at, () => fired.push(at)), at);
      }
      assert.equal(timers.next, Math.min(Infinity, ...alive.values()), `seed ${seed}`);
    }
    timers.fire(25);
    timers.fire(50);
    assert.deepEqual(fired, [...alive.values()].sort((a, b) => a - b), `seed ${seed}`);
  }
});

test('a timer that throws keeps no other from firing', () => {
  const thrown: unknown[] = [];
  const timers = new Timers((error) => thrown.push(error));
  const fired: number[] = [];
  timers.add(1, () => fired.push(1));
  timers.add(2, () => {
    throw 'a fault';
  });
  timers.add(3, () => fired.push(3));
  timers.fire(10);
  assert.deepEqual([fired, thrown], [[1, 3], ['a fault']]);
  assert.equal(timers.next, Infinity);
});
