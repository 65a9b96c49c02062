import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaintsIn } from '../bed/ha/pgbench.ts';

const told =
  'pgbench: error: client 1 aborted in command 1 (SQL) of script 0; FATAL:  terminating connection due to administrator command';
const cutOff =
  'pgbench: error: client 2 aborted in command 1 (SQL) of script 0; perhaps the backend died while processing';
const unreached = 'pgbench: error: connection to server at "127.0.0.1", port 6432 failed: Connection refused';
const over = 'pgbench: error: Run was aborted; the above results are incomplete.';

test('a transaction under way that was told of the shutdown is no complaint', () => {
  assert.deepEqual(complaintsIn([told, over].join('\n'), 0), []);
});

test('as many clients as the server has ended may be cut off', () => {
  assert.deepEqual(complaintsIn([cutOff, over].join('\n'), 1), []);
  assert.deepEqual(complaintsIn([cutOff, cutOff].join('\n'), 1), [cutOff]);
});

test('whoever could not connect is a complaint', () => {
  assert.deepEqual(complaintsIn([told, unreached, over].join('\n'), 8), [unreached]);
});
