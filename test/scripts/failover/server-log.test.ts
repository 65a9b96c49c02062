import assert from 'node:assert/strict';
import { test } from 'node:test';
import { becauseOfUs, linesOf, ofClients } from '../../../scripts/lib/failover/server-log.ts';

const log = `2026-01-02 03:04:05.000 UTC [7] <checkpointer> LOG:  checkpoint starting: time
2026-01-02 03:04:06.000 UTC [9] <client backend> FATAL:  role "gateway" does not exist
2026-01-02 03:04:06.000 UTC [9] <not initialized> LOG:  invalid length of startup packet
2026-01-02 03:04:07.000 UTC [9] <client backend> ERROR:  a text
	of two lines
`;

test('a line is known by its process, and a text of several lines is one', () => {
  const lines = linesOf('server1', log);
  assert.deepEqual(lines.map(({ process }) => process), [
    'checkpointer',
    'client backend',
    'not initialized',
    'client backend',
  ]);
  assert.deepEqual(lines[2], {
    server: 'server1',
    process: 'not initialized',
    text: 'LOG:  invalid length of startup packet',
  });
});

test('all that is not the work of the server itself is because of us', () => {
  assert.equal(becauseOfUs(linesOf('server1', log)).length, 3);
});

test('what a server writes of its replication is no line of a client', () => {
  const lines = ['startup', 'walsender', 'client backend', 'dead-end client backend'].map((process) => ({
    server: 'server1',
    process,
    text: 'FATAL:  the database system is starting up',
  }));
  assert.deepEqual(ofClients(lines).map(({ process }) => process), [
    'client backend',
    'dead-end client backend',
  ]);
});
