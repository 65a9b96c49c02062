import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promotedAtMs } from '../bed/ha/promotion.ts';

const log = `2026-01-02 03:04:05.000 UTC [7] LOG:  database system is ready to accept read-only connections
2026-01-02 03:04:06.000 UTC [9] LOG:  selected new timeline ID: 2
2026-01-02 03:04:06.500 UTC [9] LOG:  archive recovery complete
2026-01-02 03:04:06.789 UTC [7] LOG:  database system is ready to accept connections
2026-01-02 03:04:09.000 UTC [7] LOG:  database system is ready to accept connections
`;

test('a server is promoted when it is ready for writes on its new timeline', () => {
  assert.equal(promotedAtMs(log, 2), Date.parse('2026-01-02T03:04:06.789Z'));
});

test('a log without that timeline, or without its end, says nothing', () => {
  assert.equal(promotedAtMs(log, 3), undefined);
  assert.equal(promotedAtMs(log.split('\n').slice(0, 3).join('\n'), 2), undefined);
});
