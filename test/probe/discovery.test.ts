import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Discovery } from '../../src/probe/discovery.ts';
import { FakeClock, settled } from './fake.ts';

/** A name whose lookups the test ends. */
function begin(dnsTtlMs = 5000) {
  const clock = new FakeClock();
  const asked: { resolve(value: string): Promise<void>; reject(code: string): Promise<void> }[] = [];
  const lookup = () =>
    new Promise<string>((resolve, reject) =>
      asked.push({
        resolve: (value) => {
          resolve(value);
          return settled();
        },
        reject: (code) => {
          reject(Object.assign(new Error('no'), { code }));
          return settled();
        },
      })
    );
  const seen: string[] = [];
  const discovery = new Discovery('db', lookup, { dnsTtlMs, dnsTimeoutMs: 800, clock }, {
    found: (value) => seen.push(value),
    failed: ({ kind, message }) => seen.push(`${kind}: ${/\((.*?)\)/.exec(message)?.[1]}`),
  });
  discovery.start();
  return { clock, asked, seen, discovery };
}

test('a name is looked up at once, and again when the answer is old', async () => {
  const { clock, asked, seen } = begin();
  await asked[0]?.resolve('a');
  assert.deepEqual(seen, ['a']);
  await clock.pass(4999);
  assert.equal(asked.length, 1);
  await clock.pass(1);
  assert.equal(asked.length, 2);
  await asked[1]?.resolve('b');
  assert.deepEqual(seen, ['a', 'b']);
});

test('a failed lookup is repeated after a second', async () => {
  const { clock, asked, seen } = begin();
  await asked[0]?.reject('ENOTFOUND');
  assert.deepEqual(seen, ['unresolved: ENOTFOUND']);
  await clock.pass(999);
  assert.equal(asked.length, 1);
  await clock.pass(1);
  assert.equal(asked.length, 2);
});

test('with a TTL below a second, that is the pause', async () => {
  const { clock, asked } = begin(200);
  await asked[0]?.reject('ENOTFOUND');
  await clock.pass(200);
  assert.equal(asked.length, 2);
});

test('a name that was never found fails at its deadline, and is found when the answer comes at last', async () => {
  const { clock, asked, seen } = begin();
  await clock.pass(800);
  assert.deepEqual(seen, ['unresolved: no answer within 800 ms']);
  await clock.pass(5000);
  assert.equal(asked.length, 1, 'one lookup at a time');
  await asked[0]?.resolve('a');
  assert.deepEqual(seen, ['unresolved: no answer within 800 ms', 'a']);
});

test('a lookup that never ends is given up and begun again, and its late answer is dropped', async () => {
  const { clock, asked, seen } = begin();
  await asked[0]?.resolve('a');
  await clock.pass(5000 + 29_999);
  assert.deepEqual(seen, ['a'], 'no verdict waits for a name that was found');
  assert.equal(asked.length, 2);
  await clock.pass(1);
  assert.deepEqual(seen, ['a', 'unresolved: no answer within 30000 ms']);
  assert.equal(asked.length, 3);
  await asked[1]?.resolve('old');
  await asked[2]?.resolve('new');
  assert.deepEqual(seen.slice(2), ['new']);
});

test('a suspicion looks the name up again at once, but not more than once a second', async () => {
  const { clock, asked, discovery } = begin();
  await asked[0]?.resolve('a');
  await clock.pass(3000);
  discovery.suspect();
  await clock.pass(0);
  assert.equal(asked.length, 2);
  for (let times = 0; times < 10; times += 1) {
    discovery.suspect();
    if (times === 0) await asked[1]?.resolve('a');
    await clock.pass(99);
  }
  assert.equal(asked.length, 2);
  await clock.pass(10);
  assert.equal(asked.length, 3);
});

test('after stop there is no timer, no lookup and no report', async () => {
  const { clock, asked, seen, discovery } = begin();
  discovery.stop();
  await asked[0]?.resolve('a');
  discovery.suspect();
  assert.equal(clock.timers, 0);
  await clock.pass(60_000);
  assert.equal(asked.length, 1);
  assert.deepEqual(seen, []);
});
