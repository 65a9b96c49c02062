/** Pace, deadlines and back-off, with a clock that is moved by hand. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { FailureKind } from '../../src/cluster/observation.ts';
import { ProbeError } from '../../src/probe/failure.ts';
import type { FakeProbe } from './fake.ts';
import { begin } from './probing-scene.ts';
import { check } from './support.ts';

const failure = (kind: FailureKind) => new ProbeError(kind, `fails: ${kind}`);

/** When each of them was opened, as distances. */
function gaps(probes: readonly FakeProbe[]): number[] {
  return probes.slice(1).map(({ openedAt }, at) => Math.round(openedAt - (probes[at]?.openedAt ?? 0)));
}

describe('the prober', () => {
  check('asks all candidates at once and reports all in the order of the candidates', async (t) => {
    const { clock, servers, prober, seen, last } = begin(t, '10.0.0.1:1,10.0.0.2:2,10.0.0.3:3');
    servers.behaviour = ({ target }) => target.port === 2 ? failure('refused') : { timeline: target.port };
    prober.start();
    await clock.pass(0);
    assert.equal(seen.length, 3);
    assert.deepEqual(last().map(({ candidate }) => candidate.port), [1, 2, 3]);
    assert.deepEqual(last().map(({ answer }) => answer?.timeline), [1, undefined, 3]);
    assert.deepEqual(last().map(({ failures }) => failures), [0, 1, 0]);
    assert.equal(last()[1]?.failure?.kind, 'refused');
    assert.equal(last()[0]?.answer?.host, '10.0.0.1');
    assert.deepEqual(prober.observations, last());
  });

  check('keeps one session and asks it every 250 ms', async (t) => {
    const { clock, servers, prober } = begin(t, '10.0.0.1:1');
    prober.start();
    await clock.pass(1000);
    assert.equal(servers.probes.length, 1);
    assert.deepEqual(servers.last(1).asked, [1000, 1250, 1500, 1750, 2000]);
  });

  check('counts the pace from question to question, not from answer to question', async (t) => {
    const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => undefined;
    prober.start();
    await clock.pass(80);
    await servers.last(1).answer();
    assert.equal(last()[0]?.answer?.tookMs, 80);
    await clock.pass(169);
    assert.equal(servers.last(1).asked.length, 1);
    await clock.pass(1);
    assert.equal(servers.last(1).asked.length, 2);
  });

  check('asks up to 10 % sooner', async (t) => {
    for (const [random, expected] of [[0, 225], [0.999999, 250]] as const) {
      const { clock, servers, prober } = begin(t, '10.0.0.1:1', {}, () => random);
      prober.start();
      await clock.pass(300);
      const [first = 0, second = 0] = servers.last(1).asked;
      assert.equal(Math.round(second - first), expected);
    }
  });

  check('those that would be asked at nearly the same time are asked at the same time', async (t) => {
    let number = 0;
    const { clock, servers, prober } = begin(
      t,
      '10.0.0.1:1,10.0.0.2:2,10.0.0.3:3',
      {},
      () => number++ % 7 / 7,
    );
    prober.start();
    await clock.pass(3000);
    const [one, ...others] = [1, 2, 3].map((port) => servers.last(port).asked);
    assert.ok(one !== undefined && one.length > 10);
    for (const other of others) assert.deepEqual(other, one);
    const pauses = one.slice(1).map((at, index) => at - (one[index] ?? 0));
    assert.ok(pauses.every((ms) => ms >= 224 && ms <= 251), pauses.join(' '));
    assert.ok(Math.max(...pauses) - Math.min(...pauses) > 5, 'still spread');
  });

  check(
    'what they say once more at the same time is reported once, with the last of them or after 10 ms',
    async (t) => {
      const { clock, servers, prober, seen, last } = begin(t, '10.0.0.1:1,10.0.0.2:2,10.0.0.3:3');
      const own = (port: number) => ({ startedAt: `the start of ${port}` });
      servers.behaviour = ({ target }) => own(target.port);
      prober.start();
      await clock.pass(100);
      const before = seen.length;
      servers.behaviour = () => undefined;
      await clock.pass(150);
      await servers.last(1).answer(own(1));
      await servers.last(2).answer(own(2));
      assert.equal(seen.length, before, 'one is still being asked');
      await servers.last(3).answer(own(3));
      assert.equal(seen.length, before + 1);
      assert.deepEqual(last().map(({ answer }) => answer?.at), [1250, 1250, 1250]);
      await clock.pass(250);
      assert.equal(seen.length, before + 1);
      await servers.last(1).answer(own(1));
      await clock.pass(9);
      assert.equal(seen.length, before + 1);
      await clock.pass(1);
      assert.equal(seen.length, before + 2, 'the others take longer');
      await servers.last(2).answer({ ...own(2), inRecovery: true });
      assert.equal(seen.length, before + 3, 'news');
    },
  );

  check('asks the others at the fast pace as long as an answer of the primary is overdue', async (t) => {
    const { clock, servers, prober, scene, overdue } = begin(t, '10.0.0.1:1,10.0.0.2:2');
    scene.incumbent = '10.0.0.1:1';
    prober.start();
    await clock.pass(500);
    servers.behaviour = ({ target }) => target.port === 1 ? undefined : {};
    await clock.pass(600);
    assert.deepEqual(overdue, ['10.0.0.1:1']);
    // At once, 22 ms after the primary was asked in vain, and then every 100 ms.
    assert.deepEqual(servers.last(2).asked.slice(2), [1500, 1750, 1772, 1872, 1972, 2072]);
    await servers.last(1).answer();
    servers.behaviour = () => ({});
    await clock.pass(1100);
    assert.deepEqual(overdue.length, 1);
    const [before = 0, last = 0] = servers.last(2).asked.slice(-2);
    assert.equal(last - before, 250);
  });

  check(
    'nothing is overdue that takes as long as it did of late, and nobody waits for a standby',
    async (t) => {
      const { clock, servers, prober, scene, overdue } = begin(t, '10.0.0.1:1,10.0.0.2:2');
      scene.incumbent = '10.0.0.1:1';
      prober.start();
      servers.behaviour = () => undefined;
      await clock.pass(250);
      for (const ms of [10, 39, 150]) {
        await clock.pass(ms);
        await servers.last(1).answer();
        await clock.pass(250 - ms);
      }
      assert.deepEqual(overdue, []);
    },
  );

  check('a server that hangs delays no other', async (t) => {
    const { clock, servers, prober, seen } = begin(t, '10.0.0.1:1,10.0.0.2:2');
    servers.behaviour = ({ target }) => target.port === 1 ? undefined : {};
    prober.start();
    await clock.pass(750);
    assert.deepEqual(servers.last(2).asked, [1000, 1250, 1500, 1750]);
    assert.ok(seen.every(([first]) => first?.failures === 0));
  });

  check(
    'a server that accepts no connection is silent after the connect deadline, and its socket is freed',
    async (t) => {
      const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
      servers.behaviour = () => undefined;
      prober.start();
      await clock.pass(799);
      assert.deepEqual(last(), []);
      await clock.pass(1);
      assert.equal(last()[0]?.failure?.kind, 'silent');
      assert.match(last()[0]?.failure?.message ?? '', /no sign of life within 800 ms/);
      assert.equal(last()[0]?.silentSince, 1800);
      assert.equal(servers.probes[0]?.isClosed, true);
    },
  );

  check('a server that begins to talk and then hangs is slow, not silent', async (t) => {
    const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => undefined;
    prober.start();
    await clock.pass(10);
    servers.last(1).isHeard = true;
    await clock.pass(800);
    assert.equal(last()[0]?.failure?.kind, 'slow');
    assert.equal(last()[0]?.silentSince, undefined);
  });

  check('the answer has a deadline of its own, from being logged in', async (t) => {
    const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => undefined;
    prober.start();
    await clock.pass(700);
    servers.last(1).events.ready();
    await clock.pass(499);
    assert.deepEqual(last(), []);
    await clock.pass(1);
    assert.match(last()[0]?.failure?.message ?? '', /did not answer within 500 ms/);
  });

  check('a frozen server has failed twice after the query and the connect deadline', async (t) => {
    const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
    prober.start();
    await clock.pass(100);
    servers.behaviour = () => undefined;
    await clock.pass(150 + 500);
    assert.equal(last()[0]?.failures, 1);
    await clock.pass(1 + 800);
    assert.equal(last()[0]?.failures, 2);
    assert.equal(last()[0]?.silentSince, 1750);
    assert.equal(last()[0]?.answer?.at, 1000);
    assert.deepEqual(servers.probes.map(({ isClosed }) => isClosed), [true, true]);
  });

  check('an answer after its deadline is not believed', async (t) => {
    const { clock, servers, prober, seen } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => undefined;
    prober.start();
    await clock.pass(800);
    const before = seen.length;
    await servers.probes[0]?.answer();
    assert.equal(seen.length, before);
  });

  check('dead servers are tried less and less often, down to once a second', async (t) => {
    const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => failure('refused');
    prober.start();
    await clock.pass(5000);
    assert.deepEqual(gaps(servers.probes), [100, 200, 400, 800, 1000, 1000, 1000]);
    assert.equal(last()[0]?.failures, 8);
  });

  check('the jitter never goes beyond the second', async (t) => {
    const { clock, servers, prober } = begin(t, '10.0.0.1:1', {}, () => 0.999999);
    servers.behaviour = () => failure('refused');
    prober.start();
    await clock.pass(8000);
    assert.equal(Math.max(...gaps(servers.probes)), 1000);
  });

  check('setFast has all asked at the fast pace, and dead servers at twice that', async (t) => {
    const { clock, servers, prober } = begin(t, '10.0.0.1:1,10.0.0.2:2');
    servers.behaviour = ({ target }) => target.port === 1 ? {} : failure('refused');
    prober.setFast(true);
    prober.start();
    await clock.pass(700);
    assert.deepEqual(servers.last(1).asked.map((at) => Math.round(at)), [
      1000,
      1100,
      1200,
      1300,
      1400,
      1500,
      1600,
      1700,
    ]);
    assert.deepEqual(gaps(servers.of(2)), [100, 200, 200, 200]);
  });

  check(
    'at the fast pace a dead server is tried every 200 ms, and every second if the fast pace is a slow one',
    async (t) => {
      for (
        const [probeFastMs, expected] of [[50, [50, 100, 200, 200, 200]], [600, [600, 1000, 1000]]] as const
      ) {
        const { clock, servers, prober } = begin(t, '10.0.0.1:1', { probeFastMs });
        servers.behaviour = () => failure('refused');
        prober.setFast(true);
        prober.start();
        await clock.pass(expected.reduce((sum, ms) => sum + ms, 0));
        assert.deepEqual(gaps(servers.probes), expected);
      }
    },
  );

  check('the fast pace does not wait for the back-off that was running', async (t) => {
    const { clock, servers, prober } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => failure('refused');
    prober.start();
    await clock.pass(2500);
    const before = servers.probes.length;
    prober.setFast(true);
    await clock.pass(100);
    assert.equal(servers.probes.length, before + 1);
    prober.setFast(false);
    await clock.pass(1000);
    assert.equal(servers.probes.length, before + 2);
  });

  check('a wrong password is not tried more than once a second, not at the fast pace either', async (t) => {
    const { clock, servers, prober } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => failure('credentials');
    prober.setFast(true);
    prober.start();
    await clock.pass(5000);
    assert.deepEqual(gaps(servers.probes).slice(-3), [1000, 1000, 1000]);
  });

  check('a server that rejects the probe is asked less and less often, down to once in 10 s', async (t) => {
    for (const kind of ['credentials', 'full'] as const) {
      const { clock, servers, prober } = begin(t, '10.0.0.1:1');
      servers.behaviour = () => failure(kind);
      prober.start();
      await clock.pass(40_000);
      assert.deepEqual(gaps(servers.probes), [1000, 2000, 4000, 8000, 10_000, 10_000]);
      prober.setFast(true);
      await clock.pass(5000);
      assert.deepEqual(gaps(servers.probes).slice(-4), [1000, 1000, 1000, 1000], 'without a primary');
    }
  });

  check('a server that starts for long is asked less and less often while there is a primary', async (t) => {
    for (const kind of ['starting', 'error'] as const) {
      const { clock, servers, prober } = begin(t, '10.0.0.1:1');
      servers.behaviour = () => failure(kind);
      prober.start();
      await clock.pass(40_000);
      assert.deepEqual(gaps(servers.probes), [1000, 2000, 4000, 8000, 10_000, 10_000], kind);
    }
  });

  check('a server that starts is asked at once when it is suspected or there is no primary', async (t) => {
    const { clock, servers, prober } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => failure('starting');
    prober.start();
    await clock.pass(16_000);
    const { length } = servers.probes;
    prober.probeNow();
    await clock.pass(0);
    assert.equal(servers.probes.length, length + 1);
    await clock.pass(3000);
    prober.setFast(true);
    await clock.pass(5000);
    assert.equal(servers.probes[length + 1]?.openedAt, 1000 + 19_000 + 100);
    assert.deepEqual(gaps(servers.probes).slice(-3), [200, 200, 200]);
    // What it was asked meanwhile does not keep it waiting afterwards.
    prober.setFast(false);
    await clock.pass(8000);
    assert.deepEqual(gaps(servers.probes).slice(-3), [200, 2000, 4000]);
  });

  check(
    'a server that rejects the probe and is suspected is asked a second after the last try',
    async (t) => {
      const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
      servers.behaviour = () => failure('full');
      prober.start();
      await clock.pass(15_500);
      servers.behaviour = () => failure('refused');
      prober.probeNow();
      await clock.pass(0);
      assert.equal(last()[0]?.failure?.kind, 'full');
      await clock.pass(500);
      assert.equal(last()[0]?.failure?.kind, 'refused');
    },
  );

  check('what is thrown and is no word of the server is a fault of this machine', async (t) => {
    const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => Object.assign(new Error('a bug'), { kind: 'full' }) as ProbeError;
    prober.start();
    await clock.pass(0);
    assert.equal(last()[0]?.failure?.kind, 'local');
  });

  check('a wrong password is not tried sooner for a storm of suspicions', async (t) => {
    const { clock, servers, prober } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => failure('credentials');
    prober.start();
    for (let times = 0; times < 100; times += 1) {
      prober.probeNow();
      await clock.pass(50);
    }
    assert.deepEqual(gaps(servers.probes).slice(-3), [1000, 1000, 1000]);
    // As soon as it is right, everything is as with others.
    servers.behaviour = () => ({});
    prober.probeNow();
    await clock.pass(1100);
    const before = servers.last(1).asked.length;
    prober.probeNow();
    await clock.pass(0);
    assert.equal(servers.last(1).asked.length, before + 1);
  });

  check('one that is out of recovery and read-only is asked by a new session once a second', async (t) => {
    const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => ({ readOnly: true });
    prober.start();
    await clock.pass(4600);
    assert.deepEqual(gaps(servers.probes), [1250, 1250, 1250]);
    assert.ok(servers.probes.slice(0, -1).every(({ isClosed }) => isClosed));
    assert.deepEqual([last()[0]?.failures, last()[0]?.answer?.readOnly], [0, true]);
    servers.behaviour = () => ({});
    await clock.pass(5000);
    const { length } = servers.probes;
    await clock.pass(5000);
    assert.equal(servers.probes.length, length);
  });

  check('a standby is always read-only, and keeps its session', async (t) => {
    const { clock, servers, prober } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => ({ readOnly: true, inRecovery: true });
    prober.start();
    await clock.pass(5000);
    assert.equal(servers.probes.length, 1);
  });

  check('probeNow asks at once', async (t) => {
    const { clock, servers, prober } = begin(t, '10.0.0.1:1,10.0.0.2:2');
    servers.behaviour = ({ target }) => target.port === 1 ? {} : failure('refused');
    prober.start();
    await clock.pass(120);
    prober.probeNow();
    await clock.pass(0);
    assert.deepEqual(servers.last(1).asked, [1000, 1120]);
    assert.equal(servers.last(2).openedAt, 1120);
    // And the pace counts from there.
    await clock.pass(250);
    assert.deepEqual(servers.last(1).asked, [1000, 1120, 1370]);
  });

  check(
    'probeNow while a candidate is being asked asks it once more, however often it was called',
    async (t) => {
      const { clock, servers, prober } = begin(t, '10.0.0.1:1');
      servers.behaviour = () => undefined;
      prober.start();
      await clock.pass(20);
      for (let count = 0; count < 10; count += 1) prober.probeNow();
      await clock.pass(10);
      assert.deepEqual(servers.last(1).asked, [1000]);
      await servers.last(1).answer();
      await clock.pass(5);
      await servers.last(1).answer();
      assert.deepEqual(servers.last(1).asked, [1000, 1030]);
      await clock.pass(200);
      assert.deepEqual(servers.last(1).asked, [1000, 1030]);
    },
  );

  check('a storm of suspicions does not become a storm of connects', async (t) => {
    const { clock, servers, prober } = begin(t, '10.0.0.1:1');
    servers.behaviour = () => failure('refused');
    prober.start();
    for (let ms = 0; ms < 100; ms += 1) {
      prober.probeNow();
      await clock.pass(1);
    }
    assert.ok(servers.probes.length <= 11, `${servers.probes.length} connects in 100 ms`);
    assert.ok(servers.probes.length >= 9, `${servers.probes.length} connects in 100 ms`);
  });

  check('the end of an idle session counts as a failure and has all candidates asked at once', async (t) => {
    const { clock, servers, prober, last } = begin(t, '10.0.0.1:1,10.0.0.2:2');
    prober.start();
    await clock.pass(600);
    const asked = servers.last(2).asked.length;
    servers.last(1).events.ended(failure('disconnected'));
    assert.equal(last()[0]?.failures, 1);
    assert.equal(last()[0]?.failure?.kind, 'disconnected');
    await clock.pass(0);
    assert.equal(servers.of(1).length, 2);
    assert.equal(servers.last(2).asked.length, asked + 1);
    assert.equal(last()[0]?.failures, 0);
  });

  check('a server that hangs up after each answer is asked at the pace of dead servers', async (t) => {
    const { clock, servers, prober } = begin(t, '10.0.0.1:1,10.0.0.2:2');
    prober.start();
    servers.behaviour = (probe) => {
      if (probe.target.port === 1) {
        queueMicrotask(() => clock.after(1, () => probe.events.ended(failure('disconnected'))));
      }
      return {};
    };
    await clock.pass(1000);
    assert.ok(servers.of(1).length <= 12, `${servers.of(1).length} connects in a second`);
    assert.ok(servers.last(2).asked.length <= 6, `${servers.last(2).asked.length} questions in a second`);
  });

  check('a session that breaks under a question is opened again at once', async (t) => {
    const { clock, servers, prober, last } = begin(t, '10.0.0.1:1');
    prober.start();
    await clock.pass(100);
    servers.behaviour = () => undefined;
    await clock.pass(150);
    await servers.last(1).fail(failure('disconnected'));
    assert.equal(last()[0]?.failures, 1);
    await clock.pass(10);
    assert.equal(servers.probes.length, 2);
  });

  check('after stop there is no timer, no socket and no report', async (t) => {
    const { clock, servers, names, prober, seen } = begin(
      t,
      '10.0.0.1:1,10.0.0.2:2,10.0.0.3:3,db:4,srv+_pg._tcp.example',
    );
    names.isHanging = true;
    servers.behaviour = ({ target }) =>
      target.port === 1 ? {} : target.port === 2 ? failure('refused') : undefined;
    prober.start();
    await clock.pass(30);
    prober.stop();
    const before = seen.length;
    assert.equal(clock.timers, 0);
    assert.ok(servers.probes.every(({ isClosed }) => isClosed));
    await servers.last(3).answer();
    prober.probeNow();
    prober.setFast(true);
    await clock.pass(5000);
    assert.equal(seen.length, before);
    assert.equal(servers.probes.length, 3);
    assert.equal(clock.timers, 0);
  });
});
