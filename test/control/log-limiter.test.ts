import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linesAMinute, LogLimiter, maxSubjects } from '../../src/control/log-limiter.ts';
import type { LogFields } from '../../src/log.ts';

function limited() {
  const lines: [string, LogFields | undefined][] = [];
  const limiter = new LogLimiter((event, fields) => void lines.push([event, fields]));
  limiter.begin(1000);
  return { limiter, written: () => lines.splice(0) };
}

describe('lines that repeat', () => {
  test('are written at first, then counted, and the last of them is written at the end of the minute', () => {
    const { limiter, written } = limited();
    for (let time = 1; time <= 1000; time += 1) {
      limiter.log('candidate_down', { candidate: 'a', why: `${time}` });
    }
    const first = Array.from({ length: linesAMinute }, (_, index) => `${index + 1}`);
    assert.deepEqual(written().map(([, fields]) => fields?.['why']), first);
    limiter.begin(60_999);
    assert.deepEqual(written(), []);
    limiter.begin(61_000);
    assert.deepEqual(written(), [['candidate_down', {
      candidate: 'a',
      why: '1000',
      leftOut: 1000 - linesAMinute,
    }]]);
    limiter.begin(200_000);
    assert.deepEqual(written(), []);
  });

  test('are those of one event about one subject: others are written beside them', () => {
    const { limiter, written } = limited();
    for (let time = 0; time < 100; time += 1) limiter.log('verdict', { primary: 'a' });
    written();
    limiter.log('verdict', { primary: 'b' });
    limiter.log('no_primary', { primary: 'nobody' });
    limiter.log('candidate_down', { candidate: 'a' });
    assert.deepEqual(written().map(([event]) => event), ['verdict', 'no_primary', 'candidate_down']);
  });

  test('do not hide a promotion of the same server', () => {
    const { limiter, written } = limited();
    for (let time = 0; time < 100; time += 1) limiter.log('verdict', { primary: 'a', timeline: 1 });
    written();
    limiter.log('verdict', { primary: 'a', timeline: 2 });
    assert.equal(written().length, 1);
  });

  test('are bounded, however many subjects there are', () => {
    const { limiter, written } = limited();
    for (let timeline = 0; timeline < 100_000; timeline += 1) {
      limiter.log('verdict', { primary: 'a', timeline });
    }
    assert.equal(written().length, maxSubjects + linesAMinute);
    limiter.begin(61_000);
    assert.equal(written().length, 1);
  });

  test('are written again in the next minute', () => {
    const { limiter, written } = limited();
    for (let time = 0; time < linesAMinute; time += 1) limiter.log('verdict', { primary: 'a' });
    limiter.begin(61_000);
    limiter.log('verdict', { primary: 'a' });
    assert.equal(written().length, linesAMinute + 1);
  });
});
