import { equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GarbageCollection } from '../../src/runtime/garbage.ts';

/** How often it was collected, and the wait that goes by when a test lets it; the clock itself is the real one. */
class Scene {
  collections = 0;
  waits: (() => void)[] = [];
  readonly garbage: GarbageCollection;

  constructor() {
    this.garbage = new GarbageCollection(
      { after: (_, fn) => this.waits.push(fn) },
      () => this.collections++,
    );
  }
}

describe('garbage is collected', () => {
  test('after many clients that came or left, and not after few', () => {
    const scene = new Scene();
    for (let count = 0; count < 250; count++) scene.garbage.accepted();
    for (let count = 0; count < 249; count++) scene.garbage.closed();
    equal(scene.waits.length, 0);
    scene.garbage.closed();
    equal(scene.waits.length, 1);
  });

  test('after some that have left without reading, whose bytes were kept for them', () => {
    const scene = new Scene();
    for (let count = 0; count < 24; count++) scene.garbage.closed(true);
    equal(scene.waits.length, 0);
    scene.garbage.closed(true);
    equal(scene.waits.length, 1);
  });

  test('once no more of them come, and once only', () => {
    const scene = new Scene();
    for (let count = 0; count < 2_000; count++) scene.garbage.accepted();
    equal(scene.waits.length, 1);
    // The last one came just now: it is waited for again.
    scene.waits.shift()!();
    equal(scene.collections, 0);
    equal(scene.waits.length, 1);
  });
});
