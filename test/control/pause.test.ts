import { deepEqual, equal, match } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pause } from '../../src/control/pause.ts';
import { waitFor } from '../bed/wait-for.ts';

function pauseOf() {
  const calls: string[] = [];
  const pause = new Pause({
    hold: (reason, holdMs) => void calls.push(`hold ${holdMs}: ${reason}`),
    release: () => void calls.push('release'),
  }, (event, fields) => void calls.push(`${event} ${fields?.['why'] ?? fields?.['by']}`));
  return { pause, calls };
}

describe('a pause', () => {
  test('says who asked for it and until when, and is over once', () => {
    const { pause, calls } = pauseOf();
    equal(pause.end('nothing'), false);
    const { by, since, until } = pause.begin(60_000, 'uid 7');
    deepEqual([by, until.getTime() - since.getTime()], ['uid 7', 60_000]);
    match(calls.shift()!, /^hold 60000: paused by uid 7 until \d{4}-.* \(pg_gateway pause\)$/);
    equal(pause.now?.by, 'uid 7');
    equal(pause.end('uid 8 asks for it'), true);
    equal(pause.end('again'), false);
    equal(pause.now, undefined);
    deepEqual(calls, ['paused uid 7', 'release', 'resumed uid 8 asks for it']);
  });

  test('ends by itself', async () => {
    const { pause, calls } = pauseOf();
    pause.begin(10, 'uid 7');
    await waitFor('the end', () => pause.now === undefined);
    deepEqual(calls.slice(1), ['paused uid 7', 'release', 'resumed its time is over']);
  });

  test('that is asked for again goes on from there, since when it was', () => {
    const { pause } = pauseOf();
    const first = pause.begin(1, 'uid 7');
    const second = pause.begin(60_000, 'uid 8');
    equal(second.since, first.since);
    equal(second.by, 'uid 8');
    pause.end('the test is over');
  });
});
