import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { type Place, Places } from '../../src/refusal-server/places.ts';

class Scene {
  now = 0;
  readonly ended: string[] = [];
  readonly places: Places;

  constructor(most: number) {
    this.places = new Places(most, () => this.now);
  }

  /** One of `address`, called `name` in `ended`. */
  take(address: string, name = address): Place | undefined {
    return this.places.take(address, () => this.ended.push(name));
  }

  takeMany(address: string, count: number): number {
    return Array.from({ length: count }, (_, at) => this.take(address, `${address}#${at}`))
      .filter((place) => place !== undefined).length;
  }
}

test('one address has three quarters of all places at the most, and others the rest', () => {
  const scene = new Scene(8);
  equal(scene.takeMany('a', 8), 6);
  equal(scene.takeMany('b', 8), 2);
  deepEqual(scene.ended, []);
});

test('the oldest of an address that has its share makes room for one of its own, once it had its time', () => {
  const scene = new Scene(8);
  scene.takeMany('a', 6);
  scene.now = 999;
  equal(scene.take('a'), undefined);
  scene.now = 1_000;
  ok(scene.take('a'));
  deepEqual(scene.ended, ['a#0']);
  ok(scene.take('b') && scene.take('b'), 'the places of others are untouched');
});

test('where all are taken, the oldest of the address that has most makes room', () => {
  const scene = new Scene(8);
  scene.takeMany('b', 1);
  scene.takeMany('a', 4);
  scene.takeMany('c', 3);
  equal(scene.take('d'), undefined);
  scene.now = 1_000;
  ok(scene.take('d'));
  deepEqual(scene.ended, ['a#0']);
});

test('a place that was given back, be it twice, is free', () => {
  const scene = new Scene(1);
  const first = scene.take('a')!;
  equal(scene.take('b'), undefined);
  scene.places.leave(first);
  scene.places.leave(first);
  ok(scene.take('b'));
  equal(scene.take('c'), undefined);
});

test('one that has made room takes no place of another along when it leaves', () => {
  const scene = new Scene(1);
  const first = scene.take('a')!;
  scene.now = 1_000;
  ok(scene.take('a'));
  scene.places.leave(first);
  equal(scene.take('a'), undefined);
});
