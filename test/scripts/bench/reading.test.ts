import assert from 'node:assert/strict';
import { test } from 'node:test';
import { haproxyConfig } from '../../../scripts/lib/bench/configs.ts';
import { idleCount } from '../../../scripts/lib/bench/idle.ts';
import { quietCount } from '../../../scripts/lib/bench/noisy.ts';
import { countIn, progressIn, readLog } from '../../../scripts/lib/bench/pgbench.ts';
import { cpuMs, lastCore, memoryOf } from '../../../scripts/lib/bench/proc.ts';
import { copyRow, endsReady, message, numberIn, readyForQuery } from '../../../scripts/lib/bench/protocol.ts';
import { processesOf, threadsInLog, threadsOf, threadsText } from '../../../scripts/lib/bench/threads.ts';
import { start } from '../../../scripts/lib/bench/children.ts';
import { killFamily } from '../../../src/demo/servers/processes.ts';
import { waitFor } from '../../bed/wait-for.ts';

const noProc = process.platform === 'linux' ? false : 'threads are counted in /proc, which is of Linux';

const output = `pgbench (15.18)
progress: 1700000001.000 s, 900.0 tps, lat 9.000 ms stddev 0.012, 0 failed
progress: 1700000002.000 s, 1000.0 tps, lat 1.000 ms stddev 0.012, 0 failed
progress: 1700000002.500 s, 2000.0 tps, lat 3.000 ms stddev 0.012, 0 failed
progress: 1700000003.5`;

test('the first second of pgbench is not counted, and neither is a line that is not whole', () => {
  assert.deepEqual(countIn(progressIn(output)), {
    transactions: 2000,
    perSecond: 2000 / 1.5,
    averageMs: 2,
    fromSeconds: 1_700_000_001,
  });
});

test('a pgbench that did nothing after its first second is an error', () => {
  assert.throws(() => countIn(progressIn(output).slice(0, 1)), /did nothing in the time that counts/);
  assert.throws(() => countIn([]), /did nothing/);
});

test("times are the third column of pgbench's log, since counting began", () => {
  const log = '0 11 180 0 1700000000 999999\n3 2 95 0 1700000001 9\n1 2 96 0 17000';
  assert.deepEqual(readLog(log, 1_700_000_001), [95]);
});

test('idle sessions need two open files each, and leave room', () => {
  assert.equal(idleCount(10_000, 1_000_000), 10_000);
  assert.equal(idleCount(10_000, 20_000), 9000);
  assert.equal(idleCount(10_000, 4096), 1698);
  assert.equal(idleCount(10_000, 256), 0);
});

test('the last core is that of the last range', () => {
  assert.deepEqual(['0-3', '0,2', '5', '0-1,64-127'].map(lastCore), ['3', '2', '5', '127']);
});

test('an answer is complete when it ends with ReadyForQuery, not before', () => {
  const bytes = Uint8Array.from([...message('I'), ...readyForQuery]);
  assert.equal(endsReady(bytes, bytes.length), true);
  assert.equal(endsReady(bytes, bytes.length - 1), false);
  assert.equal(endsReady(readyForQuery, 3), false);
});

test('the number of a single row is found behind its description', () => {
  const row = message('D', Uint8Array.from([0, 1, 0, 0, 0, 4, 0x34, 0x32, 0x37, 0x31]));
  assert.equal(
    numberIn(Uint8Array.from([...message('T', new Uint8Array(20)), ...row, ...readyForQuery])),
    4271,
  );
  assert.equal(numberIn(readyForQuery), undefined);
});

test('a row of COPY is one column of the size that was asked for', () => {
  const row = copyRow(8192);
  const view = new DataView(row.buffer);
  assert.equal(row.length, 1 + 4 + 2 + 4 + 8192);
  assert.deepEqual([view.getUint32(1), view.getUint16(5), view.getUint32(7)], [row.length - 1, 1, 8192]);
});

test('quiet sessions are a thousand, or what the open files and the memory hold', () => {
  assert.equal(quietCount(20_000, 2 ** 36), 1000);
  assert.equal(quietCount(1024, 2 ** 36), 362);
  assert.equal(quietCount(20_000, 2 ** 30), 128);
  assert.equal(quietCount(256, 2 ** 36), 0);
});

test("the gateway's threads are read from its log", () => {
  const line = (workers: number) =>
    `{"level":"info","event":"engine"}\n{"level":"info","event":"listening","workers":${workers},"version":"1"}\n`;
  assert.deepEqual([3, 1, 0].map((workers) => threadsInLog(line(workers))), [3, 1, 1]);
  assert.equal(threadsInLog('{"event":"engine"}'), undefined);
});

test('the threads of a process are counted, where there is one', { skip: noProc }, () => {
  assert.ok(threadsOf(process.pid)! > 0);
  assert.equal(threadsOf(2 ** 30), undefined);
});

test(
  'a process that has ended has no processor time and no memory, rather than none used',
  { skip: noProc },
  () => {
    assert.throws(() => cpuMs(2 ** 30), /process 1073741824 has ended/);
    assert.throws(() => memoryOf(2 ** 30), /process 1073741824 has ended/);
    assert.ok(cpuMs(process.pid) > 0 && memoryOf(process.pid).restBytes > 0);
  },
);

test('processes are counted with their children, and threads with theirs', { skip: noProc }, async () => {
  const child = await start(['sh', '-c', 'echo up; sleep 1000; :']);
  try {
    await waitFor('its child', () => processesOf(child.pid) === 2);
    assert.equal(threadsOf(child.pid), 2);
  } finally {
    killFamily(child.pid);
    await child.ended;
  }
  assert.equal(processesOf(child.pid), undefined);
});

test('threads are told with their processes where there are several', () => {
  const text = (threads: number | undefined, processes: number | undefined, kind = 'peer') =>
    threadsText({ kind, threads, processes, absent: undefined });
  assert.deepEqual([
    text(1, 1),
    text(2, 1),
    text(3, 3),
    text(undefined, undefined),
    text(undefined, undefined, 'direct'),
  ], [
    '1 thread',
    '2 threads',
    '3 threads in 3 processes',
    'threads unknown',
    'no proxy',
  ]);
});

test('HAProxy gets the threads that were asked for, or takes its own', () => {
  const seat = { port: 1, server: { host: '127.0.0.1', port: 2 }, sessions: 3 };
  assert.match(haproxyConfig({ ...seat, threads: 2 }), /^global\n {2}nbthread 2\n/);
  assert.doesNotMatch(haproxyConfig({ ...seat, threads: undefined }), /nbthread/);
});
