import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { type LogLine, logTo } from '../../src/library/log.ts';

test('a line is an object, and comes down to the level that is set', async () => {
  const lines: LogLine[] = [];
  const { log, setLevel } = logTo((line) => lines.push(line), 'info');
  log('suspicion', { why: 'unheard' });
  log('suspicion');
  log('resumed', { why: 'its time is over' });
  setLevel('debug');
  log('suspicion', { why: 'heard' });
  deepEqual(lines, [], 'the sink does not run inside of what is logged');
  await Promise.resolve();
  deepEqual(lines.map(({ level, event, fields }) => [level, event, fields]), [
    ['info', 'resumed', { why: 'its time is over' }],
    ['debug', 'suspicion', { why: 'heard' }],
  ]);
});

test('without a sink nothing is logged', () => {
  logTo(undefined, 'debug').log('suspicion');
});
