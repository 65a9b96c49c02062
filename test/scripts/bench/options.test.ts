import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allTargets, readOptions, relayTargets } from '../../../scripts/lib/bench/options.ts';
import { parts } from '../../../scripts/lib/bench/metrics.ts';
import { leastRounds } from '../../../scripts/lib/bench/verdict.ts';
import { UsageError } from '../../../scripts/lib/usage.ts';

function read(...args: string[]) {
  const options = readOptions(args);
  if (options === 'help') throw new Error('help was not asked for');
  return options;
}

test('without arguments everything is measured, in five rounds', () => {
  const { isQuick, rounds, seconds, targets, idle, out, mayInstall } = read();
  assert.deepEqual({ isQuick, rounds, seconds, idle, out, mayInstall }, {
    isQuick: false,
    rounds: 5,
    seconds: 4,
    idle: 10_000,
    out: 'bench',
    mayInstall: true,
  });
  assert.deepEqual(targets, allTargets);
});

test('--quick measures less, and single figures can still be given', () => {
  const { rounds, seconds, targets } = read('--quick', '--rounds', '7');
  assert.deepEqual([rounds, seconds], [7, 2]);
  assert.ok(targets.length < allTargets.length);
});

test('as few rounds as --quick has can still give a verdict', () => {
  assert.ok(read('--quick').rounds >= leastRounds);
});

test('threads are those of each target itself unless they are given', () => {
  assert.equal(read().threads, undefined);
  assert.equal(read('--threads', '3').threads, 3);
});

test('the executable with connections made ahead is measured, quickly too', () => {
  assert.ok(read().targets.includes('binary-ahead') && read('--quick').targets.includes('binary-ahead'));
});

test('direct always runs, and targets keep their order', () => {
  assert.deepEqual(read('--targets', 'pgbouncer,binary').targets, ['direct', 'binary', 'pgbouncer']);
});

test('a group of targets is its members, beside single ones', () => {
  assert.deepEqual(read('--targets', 'portable,binary').targets, [
    ...['direct', 'floor', ...relayTargets],
    ...['binary', 'bun-portable', 'deno-portable', 'node-portable'],
  ]);
});

test('bare relays of the runtimes are measured only where they are asked for', () => {
  assert.ok(relayTargets.every((name) => !read().targets.some((target) => target === name)));
  assert.deepEqual(read('--targets', 'bun-relay').targets, ['direct', 'bun-relay']);
});

test('all parts are measured, or those that were asked for', () => {
  assert.deepEqual(read().parts, parts);
  assert.deepEqual(read('--only', 'copy,round-trip').parts, ['round-trip', 'copy']);
});

test('another checkout is a folder, from here', () => {
  assert.equal(read().before, undefined);
  assert.equal(read('--before', '/srv/pg_gateway/').before, '/srv/pg_gateway');
});

test('a peer has a name, an address and perhaps a process id', () => {
  const { peers, server } = read(
    ...['--server', 'localhost:5432', '--peer', 'original=127.0.0.1:6432:99', '--peer', 'x=127.0.0.1:1'],
  );
  assert.deepEqual(server, { host: '127.0.0.1', port: 5432 });
  assert.deepEqual(peers, [
    { name: 'original', host: '127.0.0.1', port: 6432, pid: 99 },
    { name: 'x', host: '127.0.0.1', port: 1, pid: undefined },
  ]);
});

test('--help is nothing but help', () => {
  assert.equal(readOptions(['--quick', '--help']), 'help');
});

const server = ['--server', '127.0.0.1:5432'];
const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['an unknown option', ['--fast'], /--fast/],
  ['no rounds', ['--rounds', '0'], /--rounds 0 is not a whole number from 1/],
  ['words for numbers', ['--seconds', 'two'], /--seconds two is not/],
  ['no threads', ['--threads', '0'], /--threads 0 is not a whole number from 1/],
  ['an unknown part', ['--only', 'tps'], /no "tps"; there are round-trip, /],
  ['an unknown target', ['--targets', 'odyssey'], /no "odyssey"; there are direct, /],
  ['a peer without its server', ['--peer', 'x=127.0.0.1:1'], /--peer needs --server/],
  ['a peer without a name', [...server, '--peer', '127.0.0.1:1'], /is not like name=/],
  ['a peer on another machine', [...server, '--peer', 'x=10.0.0.1:1'], /only this machine/],
  ['a port out of range', ['--server', '127.0.0.1:70000'], /is not like 127.0.0.1:5432/],
  ['a taken name', [...server, '--peer', 'haproxy=127.0.0.1:1'], /--peer haproxy: that name is taken/],
];
for (const [what, args, message] of mistakes) {
  test(`${what} is a mistake that says what to do`, () => {
    assert.throws(
      () => readOptions(args),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}
