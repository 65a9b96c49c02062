import { test } from 'node:test';
import { Rests } from '../../src/control/rests.ts';

const hourMs = 3_600_000;

test('a rest is over after its time, when it is enough, and at the end of all', async () => {
  const rests = new Rests();
  await rests.rest(1);
  const enough = new AbortController();
  const long = rests.rest(hourMs, enough.signal);
  const others = [rests.rest(hourMs), rests.rest(hourMs, new AbortController().signal)];
  enough.abort();
  await long;
  rests.end();
  await Promise.all(others);
});

test('after the end none begins', async () => {
  const rests = new Rests();
  rests.end();
  await rests.rest(hourMs);
});
