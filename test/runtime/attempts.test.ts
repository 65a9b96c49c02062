import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { Attempts, secondAttemptMs } from '../../src/runtime/attempts.ts';
import { FakeRuntime } from '../bed/fake-runtime.ts';

/** Two attempts, `first` and `second`, and which of them were given up. */
function scene() {
  const runtime = new FakeRuntime();
  const dropped: string[] = [];
  let made = 1;
  const again = () => {
    made += 1;
    return 'second';
  };
  const attempts = new Attempts(runtime, 'first', again, (attempt) => dropped.push(attempt));
  return { runtime, attempts, dropped, made: () => made };
}

test('an attempt that gets no answer has another one beside it after a while', () => {
  const { runtime, made, dropped } = scene();
  runtime.advance(secondAttemptMs - 1);
  deepEqual([made(), dropped], [1, []]);
  runtime.advance(1);
  deepEqual([made(), dropped], [2, []]);
  runtime.advance(60_000);
  deepEqual([made(), dropped], [2, []]);
});

test('an attempt that connects in time stays the only one', () => {
  const { runtime, attempts, made, dropped } = scene();
  deepEqual(attempts.won('first'), true);
  runtime.advance(60_000);
  deepEqual([made(), dropped, runtime.timers], [1, [], 0]);
});

for (const [winner, other] of [['first', 'second'], ['second', 'first']] as const) {
  test(`the ${winner} of two attempts that connects is kept, and the ${other} is given up`, () => {
    const { runtime, attempts, dropped } = scene();
    runtime.advance(secondAttemptMs);
    deepEqual([attempts.won(winner), dropped], [true, [other]]);
    deepEqual([attempts.won(other), attempts.lost(other, false)], [false, false]);
    attempts.end();
    deepEqual(dropped, [other]);
  });

  test(`where the ${winner} of two attempts is refused, so is the ${other}`, () => {
    const { runtime, attempts, dropped } = scene();
    runtime.advance(secondAttemptMs);
    deepEqual([attempts.lost(winner, false), dropped], [true, [other]]);
    deepEqual([attempts.lost(other, false), attempts.won(other)], [false, false]);
  });
}

test('what this machine lacks for the second attempt leaves the first alone', () => {
  const { runtime, attempts, dropped } = scene();
  runtime.advance(secondAttemptMs);
  deepEqual([attempts.lost('second', true), dropped], [false, []]);
  deepEqual(attempts.won('first'), true);
});

test('what this machine lacks for the first attempt is the end, and no other follows', () => {
  const { runtime, attempts, made } = scene();
  deepEqual(attempts.lost('first', true), true);
  runtime.advance(60_000);
  deepEqual([made(), runtime.timers], [1, 0]);
});

test('both attempts are given up together', () => {
  const { runtime, attempts, dropped } = scene();
  runtime.advance(secondAttemptMs);
  attempts.end();
  deepEqual(dropped, ['first', 'second']);
});
