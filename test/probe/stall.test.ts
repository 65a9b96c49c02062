/** A program that did not run for a while: nothing that was on its way says anything of a server. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { ProbeError } from '../../src/probe/failure.ts';
import { begin } from './probing-scene.ts';
import { check } from './support.ts';

describe('after a time in which the program did not run', () => {
  check(
    'a question that was on its way is asked again, on a new connection, and is no failure',
    async (t) => {
      const { clock, servers, prober, seen, last, stalls } = begin(t, '10.0.0.1:1');
      prober.start();
      await clock.pass(100);
      servers.behaviour = () => undefined;
      await clock.pass(200);
      const before = servers.last(1);
      const reports = seen.length;
      clock.stall(20_000);
      servers.behaviour = () => ({ timeline: 2 });
      await clock.pass(0);
      await clock.pass(10);
      assert.deepEqual(stalls, [clock.now() - 10]);
      assert.ok(before.isClosed);
      assert.equal(servers.probes.length, 2);
      assert.ok(seen.slice(reports).every(([one]) => one?.failures === 0));
      assert.equal(last()[0]?.answer?.timeline, 2);
      assert.ok(last()[0]!.answer!.at >= stalls[0]!);
    },
  );

  check('an answer that waited in the kernel counts for nothing', async (t) => {
    const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
    prober.start();
    await clock.pass(100);
    servers.behaviour = () => undefined;
    await clock.pass(200);
    clock.stall(20_000);
    await servers.last(1).answer({ timeline: 9 });
    await clock.pass(10);
    assert.equal(last()[0]?.answer?.timeline, 1);
  });

  check('a connection that ended meanwhile is no failure either', async (t) => {
    const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
    prober.start();
    await clock.pass(100);
    clock.stall(20_000);
    servers.last(1).events.ended(new ProbeError('disconnected', 'was reset'));
    await clock.pass(10);
    assert.deepEqual([last()[0]?.failures, servers.probes.length], [0, 2]);
  });

  check('all candidates are asked at once', async (t) => {
    const { clock, servers, prober, stalls } = begin(t, '10.0.0.1:1,10.0.0.2:2');
    prober.start();
    await clock.pass(100);
    clock.stall(20_000);
    await clock.pass(10);
    for (const port of [1, 2]) assert.equal(servers.last(port).asked.at(-1), stalls[0]);
  });

  check('it is said once, with how long it was', async (t) => {
    const { clock, prober, logged } = begin(t, '10.0.0.1:1');
    prober.start();
    await clock.pass(100);
    clock.stall(20_000);
    await clock.pass(5000);
    const said = logged.filter((line) => line.includes('stalled'));
    assert.equal(said.length, 1);
    assert.match(said[0]!, /^warn: stalled 20\d\d\d$/);
  });

  check('less than a second is a busy machine', async (t) => {
    const { clock, servers, prober, stalls } = begin(t, '10.0.0.1:1');
    prober.start();
    await clock.pass(100);
    clock.stall(900);
    await clock.pass(1000);
    assert.deepEqual([stalls.length, servers.probes.length], [0, 1]);
  });

  check('a slow pace is none', async (t) => {
    const { clock, prober, stalls } = begin(t, '10.0.0.1:1', { probeIntervalMs: 60_000 });
    prober.start();
    await clock.pass(300_000);
    assert.deepEqual(stalls, []);
  });
});
