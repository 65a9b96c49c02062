import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Crew, type Kind } from '../../../scripts/lib/soak/crew.ts';
import { waitFor } from '../../bed/wait-for.ts';

const kindOf = (kind: string, work: (done: () => void) => Promise<void>, more: Partial<Kind> = {}): Kind => ({
  kind,
  what: 'work',
  count: 1,
  restMs: 1,
  returns: true,
  job: () => ({ work, renew: () => {}, end: () => {} }),
  ...more,
});

const works = kindOf('works', (done) => Promise.resolve(done()));

test('a client that does nothing any more is missing, unless it is not waited for', async () => {
  const crew = new Crew(performance.now(), 100, 1);
  let isStuck = false;
  let end = () => {};
  const stuck = new Promise<void>((resolve) => end = resolve);
  const sticks = kindOf('sticks', async (done) => isStuck ? await stuck : done());
  const never = kindOf('never', () => pause(1), { returns: false });
  crew.start([works, sticks, never]);
  assert.deepEqual((await crew.untilAllWorked(performance.now(), 60_000)).missing, []);
  isStuck = true;
  assert.deepEqual(await crew.untilAllWorked(performance.now() + 10, 300), {
    missing: ['sticks'],
    last: ['sticks'],
  });
  end();
  await crew.stop();
});

test('what a client was told is kept with its time, and it goes on with a new connection', async () => {
  const crew = new Crew(performance.now() - 5000, 100, 1);
  let renewals = 0;
  let told: Error | undefined = Object.assign(new Error('gone'), { code: 'ECONNRESET' });
  const fails = kindOf('fails', () => Promise.resolve(), {
    job: () => ({
      work: (done) => {
        const error = told;
        told = undefined;
        return error ? Promise.reject(error) : Promise.resolve(done());
      },
      renew: () => void renewals++,
      end: () => {},
    }),
  });
  crew.start([fails]);
  await waitFor('it to go on', () => (crew.counts[0]?.done ?? 0) > 0);
  await crew.stop();
  const [trouble, ...others] = crew.troubles;
  assert.deepEqual([trouble?.kind, trouble?.code, trouble?.message, others], [
    'fails',
    'ECONNRESET',
    'gone',
    [],
  ]);
  assert.ok((trouble?.second ?? 0) >= 5);
  assert.deepEqual([renewals, crew.counts[0]?.failed], [1, 1]);
});

test('without a code, the SQLSTATE of a message stands for it, or else the message', () => {
  const crew = new Crew(performance.now(), 100, 1);
  crew.note('idle', new Error('the session ended with SQLSTATE 57P01'));
  crew.note('idle', new Error('the session ended'));
  assert.deepEqual(crew.troubles.map(({ code }) => code), ['57P01', 'the session ended']);
});
