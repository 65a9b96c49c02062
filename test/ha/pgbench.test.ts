import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaintsIn } from './pgbench.ts';

const told =
  'pgbench: error: client 1 aborted in command 1 (SQL) of script 0; FATAL:  terminating connection due to administrator command';
const warning =
  'WARNING:  canceling the wait for synchronous replication and terminating connection due to administrator command';
const cutOff =
  'pgbench: error: client 2 aborted in command 1 (SQL) of script 0; perhaps the backend died while processing';
const unreached = 'pgbench: error: connection to server at "127.0.0.1", port 6432 failed: Connection refused';
const over = 'pgbench: error: Run was aborted; the above results are incomplete.';

test('a transaction under way that was told of the shutdown is no complaint', () => {
  assert.deepEqual(complaintsIn([told, over].join('\n')), []);
});

test('a client that is cut off is excused only where a commit was given up', () => {
  assert.deepEqual(complaintsIn([warning, cutOff].join('\n')), []);
  assert.deepEqual(complaintsIn([warning, cutOff, cutOff].join('\n')), [cutOff]);
  assert.deepEqual(complaintsIn(cutOff), [cutOff]);
});

test('whoever could not connect is a complaint', () => {
  assert.deepEqual(complaintsIn([told, unreached, over].join('\n')), [unreached]);
});
