import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessInfo } from '../../../src/demo/servers/processes.ts';
import { postmasterAmong } from './postmaster.ts';

const command = '/usr/lib/postgresql/15/bin/postgres -D data';
const process = (pid: number, parent: number, words = command): ProcessInfo => ({
  pid,
  parent,
  state: 'S',
  command: words,
});

test('a backend that has just been forked still has the name of the postmaster, and is not it', () => {
  // Process numbers begin anew some time.
  assert.equal(postmasterAmong([process(17, 31_000), process(31_000, 1), process(31_002, 31_000)]), 31_000);
});

test('what a server has named after its work is not the postmaster, nor is another program', () => {
  const others = [
    process(5, 4, 'postgres: app postgres 10.0.0.1(4711) idle'),
    process(6, 1, 'pg_ctl -D data start'),
  ];
  assert.equal(postmasterAmong(others), undefined);
  assert.equal(postmasterAmong([...others, process(7, 1)]), 7);
});
