import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenersIn, watchedIn } from '../../../scripts/lib/scale/sessions-by-worker.ts';

/** As Linux 6 writes them. */
const fdinfo = `pos:\t0
flags:\t02000002
mnt_id:\t15
ino:\t1057
tfd:       12 events:       19 data:                c  pos:0 ino:421 sdev:e
tfd:       13 events:       19 data:                d  pos:0 ino:217e69b sdev:8
`;
const table =
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0FA1 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 35120795 1 0000 100 0 0 10 0
   1: 0100007F:0FA1 0100007F:D2F0 01 00000000:00000000 02:00000000 00000000     0        0 35120799 2 0000 20 4 0 10 -1
   2: 0100007F:1FA1 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 35120801 1 0000 100 0 0 10 0
`;

test('what an epoll watches is told by inode, in hexadecimal', () => {
  assert.deepEqual(watchedIn(fdinfo), [0x421, 0x217e69b]);
  assert.deepEqual(watchedIn('pos:\t0\n'), []);
});

test('a listener is found by its port, among others and among its sessions', () => {
  assert.deepEqual(listenersIn(table, 0x0fa1), new Set([35120795]));
  assert.deepEqual(listenersIn(table, 80), new Set());
});

test('so the listener is among what its worker watches', () => {
  assert.ok(watchedIn(fdinfo).some((inode) => listenersIn(table, 0x0fa1).has(inode)));
});
