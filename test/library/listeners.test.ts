import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { Listeners } from '../../src/library/listeners.ts';

test('a listener hears what it listens to, after the fact, until it is taken away', async () => {
  const listeners = new Listeners<{ verdict: number; route: string }>();
  const heard: unknown[] = [];
  const end = listeners.add('verdict', (value) => heard.push(value));
  listeners.add('route', (value) => heard.push(value));
  listeners.tell('verdict', 1);
  listeners.tell('route', 'db1');
  deepEqual(heard, []);
  await Promise.resolve();
  end();
  end();
  listeners.tell('verdict', 2);
  await Promise.resolve();
  deepEqual(heard, [1, 'db1']);
});

test('a function that was added twice is called twice, and taken away one at a time', async () => {
  const listeners = new Listeners<{ verdict: number }>();
  let calls = 0;
  const call = () => calls += 1;
  const end = listeners.add('verdict', call);
  listeners.add('verdict', call);
  listeners.tell('verdict', 1);
  end();
  listeners.tell('verdict', 1);
  await Promise.resolve();
  deepEqual(calls, 3);
});
