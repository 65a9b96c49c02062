/** Candidates with names: how many servers a name is, and how they come and go with DNS. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Observation } from '../../src/cluster/observation.ts';
import { ProbeError } from '../../src/probe/failure.ts';
import { maxCandidates } from '../../src/cluster/candidate.ts';
import { type Behaviour, settled } from './fake.ts';
import { begin } from './probing-scene.ts';
import { check } from './support.ts';

const refused = new ProbeError('refused', 'refuses connections');

/** Each address is another server; those of `down` refuse. */
const servers = (down: readonly string[] = []): Behaviour => ({ target }) =>
  down.includes(target.host) ? refused : { startedAt: `the start of ${target.host}` };

/** `name = address`, or why there is none. */
const shown = (observations: readonly Observation[]): string[] =>
  observations.map(({ candidate, answer, failure }) =>
    `${candidate.name} = ${failure ? failure.kind : answer?.host ?? 'unasked'}`
  );

describe('a name with one address', () => {
  check('is a candidate of this name, asked at its address', async (t) => {
    const { clock, servers, names, prober, last } = begin(t, 'db:1');
    names.hosts['db'] = ['10.0.0.1'];
    prober.start();
    await clock.pass(600);
    assert.deepEqual(shown(last()), ['db:1 = 10.0.0.1']);
    assert.deepEqual(servers.probes.map(({ target }) => target), [
      { host: '10.0.0.1', port: 1, serverName: 'db' },
    ]);
  });

  check('that does not resolve is a failure and a warning, and is tried again', async (t) => {
    const { clock, names, logged, prober, last } = begin(t, 'db:1,10.0.0.2:2');
    prober.start();
    await clock.pass(0);
    assert.deepEqual(shown(last()), ['db:1 = unresolved', '10.0.0.2:2 = 10.0.0.2']);
    assert.match(last()[0]?.failure?.message ?? '', /the name db does not resolve \(ENOTFOUND\).*CANDIDATES/);
    names.hosts['db'] = ['10.0.0.1'];
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['db:1 = 10.0.0.1', '10.0.0.2:2 = 10.0.0.2']);
    assert.equal(logged.filter((line) => line.startsWith('warn: name_unresolved')).length, 1);
  });

  check('whose lookup hangs delays no other', async (t) => {
    const { clock, servers, names, prober, last } = begin(t, 'db:1,10.0.0.2:2');
    names.isHanging = true;
    prober.start();
    await clock.pass(0);
    assert.deepEqual(shown(last()), ['db:1 = unasked', '10.0.0.2:2 = 10.0.0.2']);
    await clock.pass(800);
    assert.equal(servers.last(2).asked.length, 4);
    assert.match(last()[0]?.failure?.message ?? '', /within 800 ms/);
    await clock.pass(5000);
    assert.equal(names.lookups, 1);
  });

  check('is followed to another address, without a failure and under its old name', async (t) => {
    const { clock, servers, names, prober, seen, last } = begin(t, 'db:1', { dnsTtlMs: 2000 });
    names.hosts['db'] = ['10.0.0.1'];
    prober.start();
    await clock.pass(1000);
    names.hosts['db'] = ['10.0.0.2'];
    await clock.pass(2000);
    assert.deepEqual(servers.probes.map(({ target }) => target.host), ['10.0.0.1', '10.0.0.2']);
    assert.equal(servers.probes[0]?.isClosed, true);
    assert.deepEqual(shown(last()), ['db:1 = 10.0.0.2']);
    assert.ok(seen.every(([first]) => first?.failures === 0));
    assert.ok(seen.slice(2).every(([first]) => first?.answer), 'there is no moment without an answer');
  });

  check('is looked up again when its address fails, though not more than once a second', async (t) => {
    const { clock, servers: fake, names, prober, last } = begin(t, 'db:1');
    fake.behaviour = servers(['10.0.0.1']);
    names.hosts['db'] = ['10.0.0.1'];
    prober.start();
    await clock.pass(900);
    assert.equal(names.lookups, 1);
    names.hosts['db'] = ['10.0.0.2'];
    await clock.pass(200);
    assert.deepEqual(shown(last()), ['db:1 = 10.0.0.2']);
    await clock.pass(5000);
    assert.equal(names.lookups, 2);
  });

  check('stays where it is while the name servers fail, and that is logged once', async (t) => {
    const { clock, names, logged, prober, seen } = begin(t, 'db:1', { dnsTtlMs: 500 });
    names.hosts['db'] = ['10.0.0.1'];
    prober.start();
    await clock.pass(100);
    names.isDown = true;
    await clock.pass(5000);
    assert.ok(seen.length > 15);
    assert.ok(seen.every(([first]) => first?.failures === 0));
    assert.equal(logged.filter((line) => line.startsWith('warn')).length, 1);
  });
});

describe('a name with several addresses', () => {
  check('is several candidates, and none is left out of the first round', async (t) => {
    const { clock, servers: fake, names, prober, seen, last } = begin(t, 'pg:1');
    names.hosts['pg'] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
    fake.behaviour = servers(['10.0.0.2']);
    prober.start();
    await clock.pass(0);
    assert.deepEqual(shown(seen[0] ?? []), [
      'pg[10.0.0.1]:1 = unasked',
      'pg[10.0.0.2]:1 = unasked',
      'pg[10.0.0.3]:1 = unasked',
    ]);
    assert.deepEqual(shown(last()), [
      'pg[10.0.0.1]:1 = 10.0.0.1',
      'pg[10.0.0.2]:1 = refused',
      'pg[10.0.0.3]:1 = 10.0.0.3',
    ]);
  });

  check('gains and loses candidates with each lookup, and nothing by one that fails', async (t) => {
    const { clock, servers: fake, names, prober, last } = begin(t, 'pg:1', { dnsTtlMs: 1000 });
    fake.behaviour = servers();
    const after = async (addresses: readonly string[], isDown = false) => {
      Object.assign(names, { isDown });
      names.hosts['pg'] = addresses;
      await clock.pass(1000);
      return shown(last()).map((line) => line.replace(/ = .*/, ''));
    };
    names.hosts['pg'] = ['10.0.0.1'];
    prober.start();
    assert.deepEqual(await after(['10.0.0.1', '10.0.0.2']), ['pg:1', 'pg[10.0.0.2]:1']);
    assert.deepEqual(await after([], true), ['pg:1', 'pg[10.0.0.2]:1']);
    assert.deepEqual(await after(['10.0.0.3', '10.0.0.2']), ['pg[10.0.0.2]:1', 'pg[10.0.0.3]:1']);
    assert.deepEqual(await after(['10.0.0.2']), ['pg[10.0.0.2]:1']);
    assert.deepEqual(await after(['10.0.0.8', '10.0.0.9']), ['pg[10.0.0.8]:1', 'pg[10.0.0.9]:1']);
    assert.ok(fake.probes.every(({ target, isClosed }) => isClosed !== /[89]$/.test(target.host)));
  });

  check('has its plain name again when all others are gone and one new address comes', async (t) => {
    const { clock, servers: fake, names, prober, scene, last } = begin(t, 'pg:1', { dnsTtlMs: 1000 });
    fake.behaviour = servers();
    names.hosts['pg'] = ['10.0.0.1', '10.0.0.2'];
    prober.start();
    await clock.pass(500);
    names.hosts['pg'] = ['10.0.0.2'];
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['pg[10.0.0.2]:1 = 10.0.0.2']);
    names.hosts['pg'] = ['10.0.0.3'];
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['pg:1 = 10.0.0.3']);
    // But nothing takes over the name of another address.
    names.hosts['pg'] = ['10.0.0.4', '10.0.0.5'];
    await clock.pass(1000);
    scene.incumbent = 'pg[10.0.0.4]:1';
    names.hosts['pg'] = ['10.0.0.6'];
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['pg[10.0.0.4]:1 = 10.0.0.4', 'pg[10.0.0.6]:1 = 10.0.0.6']);
  });

  check('begins new candidates at the pace of the hour', async (t) => {
    const { clock, servers: fake, names, prober } = begin(t, 'pg:1', { dnsTtlMs: 1000 });
    fake.behaviour = servers();
    names.hosts['pg'] = ['10.0.0.1'];
    prober.start();
    prober.setFast(true);
    names.hosts['pg'] = ['10.0.0.1', '10.0.0.2'];
    await clock.pass(1000);
    await clock.pass(500);
    assert.equal(fake.last(1).target.host, '10.0.0.2');
    assert.equal(fake.last(1).asked.length, 6);
  });

  check('keeps the incumbent that DNS does not name any more, until another one is elected', async (t) => {
    const { clock, servers: fake, names, logged, prober, scene, last } = begin(t, 'pg:1', { dnsTtlMs: 1000 });
    fake.behaviour = servers();
    names.hosts['pg'] = ['10.0.0.1', '10.0.0.2'];
    prober.start();
    await clock.pass(500);
    scene.incumbent = 'pg[10.0.0.1]:1';
    names.hosts['pg'] = ['10.0.0.2', '10.0.0.3'];
    await clock.pass(5000);
    assert.deepEqual(shown(last()), [
      'pg[10.0.0.1]:1 = 10.0.0.1',
      'pg[10.0.0.2]:1 = 10.0.0.2',
      'pg[10.0.0.3]:1 = 10.0.0.3',
    ]);
    assert.equal(logged.filter((line) => line.startsWith('warn: primary_left')).length, 1);
    // Also when it does not answer: its sessions are still to be ended when it is silent for long.
    fake.behaviour = servers(['10.0.0.1']);
    for (const probe of fake.probes) {
      if (probe.target.host === '10.0.0.1') probe.events.ended(refused);
    }
    await clock.pass(5000);
    assert.deepEqual(shown(last())[0], 'pg[10.0.0.1]:1 = refused');
    scene.incumbent = 'pg[10.0.0.2]:1';
    await clock.pass(1000);
    assert.deepEqual(shown(last()).length, 2);
  });

  check('is bounded, with a warning, and those above the bound delay no other', async (t) => {
    const numbers = Array.from({ length: maxCandidates + 10 }, (_, at) => `10.0.1.${at}`);
    const { clock, servers: fake, names, logged, prober, last } = begin(t, 'pg:1,late:1,10.0.0.1:1');
    fake.behaviour = servers();
    names.hosts['pg'] = numbers;
    names.hosts['late'] = ['10.0.2.1'];
    prober.start();
    await clock.pass(100);
    assert.equal(last().filter(({ answer }) => answer).length, maxCandidates);
    assert.match(last().at(-2)?.failure?.message ?? '', /too many candidates/);
    assert.deepEqual(logged.filter((line) => line.startsWith('warn')), [
      `warn: too_many_candidates ${maxCandidates} 10.0.1.${maxCandidates - 1}`,
    ]);
    names.hosts['pg'] = ['10.0.1.1', '10.0.1.2'];
    await clock.pass(30_000);
    assert.equal(last().filter(({ answer }) => answer).length, 4);
  });
});

describe('a dual-stack name', () => {
  const both = ['::1', '127.0.0.1'];

  check('is one candidate whose refusing address is no failure', async (t) => {
    const { clock, servers: fake, names, prober, seen, last } = begin(t, 'localhost:1');
    names.hosts['localhost'] = both;
    fake.behaviour = ({ target }) => target.host === '::1' ? refused : {};
    prober.start();
    await clock.pass(5000);
    assert.deepEqual(shown(last()), ['localhost:1 = 127.0.0.1']);
    assert.ok(seen.every((observations) => observations.length === 1 && observations[0]?.failures === 0));
    assert.equal(
      fake.probes.filter(({ target }) => target.host === '::1').length,
      1,
      'it is not asked again',
    );
  });

  check('rests its second address until the first one fails', async (t) => {
    const { clock, servers: fake, names, prober, seen, last } = begin(t, 'db:1');
    names.hosts['db'] = both;
    prober.start();
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['db:1 = ::1']);
    assert.deepEqual(fake.probes.map(({ target, isClosed }) => `${target.host} ${isClosed}`), [
      '::1 false',
      '127.0.0.1 true',
    ]);
    fake.behaviour = ({ target }) => target.host === '::1' ? refused : {};
    fake.probes[0]?.events.ended(refused);
    await clock.pass(100);
    assert.deepEqual(shown(last()), ['db:1 = 127.0.0.1']);
    assert.ok(seen.every(([first]) => (first?.failures ?? 0) <= 1));
  });

  check(
    'is not asked before both addresses were: the first answer is not all there is to know',
    async (t) => {
      const { clock, servers: fake, names, prober, last } = begin(t, 'db:1');
      names.hosts['db'] = both;
      fake.behaviour = ({ target }) => target.host === '::1' ? undefined : {};
      prober.start();
      await clock.pass(799);
      assert.deepEqual(shown(last()), ['db:1 = unasked']);
      await clock.pass(1);
      assert.deepEqual(shown(last()), ['db:1 = 127.0.0.1']);
    },
  );

  check('whose addresses answer as two servers becomes two candidates', async (t) => {
    const { clock, servers: fake, names, logged, prober, last } = begin(t, 'db:1');
    names.hosts['db'] = both;
    fake.behaviour = servers();
    prober.start();
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['db:1 = ::1', 'db[127.0.0.1]:1 = 127.0.0.1']);
    assert.ok(logged.includes('info: addresses_differ db:1 127.0.0.1'));
  });

  check('with an address that is another server now and then is told of once', async (t) => {
    const { clock, servers: fake, names, logged, prober } = begin(t, 'db:1', { dnsTtlMs: 1000 });
    names.hosts['db'] = both;
    let isOther = false;
    fake.behaviour = ({ target }) => {
      const startedAt = isOther && target.host === both[1] ? 'another start' : 'the start';
      return { startedAt };
    };
    prober.start();
    for (let turn = 0; turn < 20; turn += 1) {
      await clock.pass(1500);
      isOther = !isOther;
    }
    const said = logged.filter((line) => line.includes('addresses_differ'));
    assert.deepEqual(said, ['info: addresses_differ db:1 127.0.0.1']);
  });

  check('that is several servers has one candidate for each of them', async (t) => {
    const { clock, servers: fake, names, prober, last } = begin(t, 'pg:1');
    names.hosts['pg'] = ['fd00::1', 'fd00::2', '10.0.0.1', '10.0.0.2'];
    fake.behaviour = ({ target }) => ({ startedAt: target.host.slice(-1) });
    prober.start();
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['pg[fd00::1]:1 = fd00::1', 'pg[fd00::2]:1 = fd00::2']);
  });

  check('with an address that only says the start of the other becomes two candidates', async (t) => {
    const { clock, servers: fake, names, prober, seen, last } = begin(t, 'db:1');
    names.hosts['db'] = both;
    fake.areOthers = true;
    prober.start();
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['db:1 = ::1', 'db[127.0.0.1]:1 = 127.0.0.1']);
    const first = seen.findIndex((observations) => observations.some(({ answer }) => answer !== undefined));
    assert.equal(seen[first]?.length, 2, 'none speaks for both before that is known');
  });

  check('stays one through a restart of its server', async (t) => {
    const { clock, servers: fake, names, prober, seen } = begin(t, 'db:1');
    names.hosts['db'] = both;
    prober.start();
    await clock.pass(1000);
    fake.behaviour = () => refused;
    fake.probes[0]?.events.ended(refused);
    await clock.pass(1000);
    fake.behaviour = () => ({ startedAt: 'later' });
    await clock.pass(3000);
    assert.ok(seen.every((observations) => observations.length === 1));
    assert.equal(seen.at(-1)?.[0]?.answer?.startedAt, 'later');
  });
});

describe('a name that moves while its primary answers', () => {
  check('is two candidates: the primary under the old name, and the other server', async (t) => {
    const { clock, servers: fake, names, prober, scene, last } = begin(t, 'db:1', { dnsTtlMs: 1000 });
    fake.behaviour = servers();
    names.hosts['db'] = ['10.0.0.1'];
    prober.start();
    await clock.pass(500);
    scene.incumbent = 'db:1';
    names.hosts['db'] = ['10.0.0.2'];
    await clock.pass(3000);
    assert.deepEqual(shown(last()), ['db:1 = 10.0.0.1', 'db[10.0.0.2]:1 = 10.0.0.2']);
    scene.incumbent = 'db[10.0.0.2]:1';
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['db[10.0.0.2]:1 = 10.0.0.2']);
  });

  check('takes its name along if the primary does not answer', async (t) => {
    const { clock, servers: fake, names, prober, scene, last } = begin(t, 'db:1', { dnsTtlMs: 1000 });
    fake.behaviour = servers();
    names.hosts['db'] = ['10.0.0.1'];
    prober.start();
    await clock.pass(500);
    scene.incumbent = 'db:1';
    fake.behaviour = servers(['10.0.0.1']);
    fake.last(1).events.ended(refused);
    await clock.pass(500);
    assert.deepEqual(shown(last()), ['db:1 = refused']);
    assert.equal(last()[0]?.answer?.host, '10.0.0.1');
    names.hosts['db'] = ['10.0.0.2'];
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['db:1 = 10.0.0.2']);
  });
});

describe('a service', () => {
  const target = (host: string, port = 1) => ({ host, port });

  check('is a candidate for each of its targets', async (t) => {
    const { clock, names, prober, seen, last } = begin(t, 'srv+_pg._tcp.example,10.0.0.9:9');
    names.services['_pg._tcp.example'] = [target('a', 1), target('b', 2)];
    Object.assign(names.hosts, { a: ['10.0.0.1'], b: ['10.0.0.2'] });
    prober.start();
    assert.deepEqual(shown(prober.observations).toSorted(), [
      '10.0.0.9:9 = unasked',
      'srv+_pg._tcp.example = unasked',
    ]);
    await clock.pass(0);
    assert.deepEqual(shown(last()), ['a:1 = 10.0.0.1', 'b:2 = 10.0.0.2', '10.0.0.9:9 = 10.0.0.9']);
    const wasComplete = seen.findIndex((observations) => observations.every(({ answer }) => answer));
    assert.equal(
      wasComplete,
      seen.length - 1,
      'before the last answer there is always one that was not asked',
    );
  });

  check('is bounded too', async (t) => {
    const { clock, names, logged, prober, last } = begin(t, 'srv+pg');
    names.services['pg'] = Array.from({ length: maxCandidates + 10 }, (_, at) => target(`10.0.1.${at}`));
    prober.start();
    await clock.pass(100);
    assert.equal(last().length, maxCandidates);
    assert.match(logged.join(), /^warn: too_many_candidates[^,]*$/);
  });

  check('that does not resolve is a failure, and is tried again', async (t) => {
    const { clock, names, logged, prober, last } = begin(t, 'srv+_pg._tcp.example');
    prober.start();
    await clock.pass(3500);
    assert.deepEqual(shown(last()), ['srv+_pg._tcp.example = unresolved']);
    assert.equal(logged.length, 1);
    names.services['_pg._tcp.example'] = [target('10.0.0.1')];
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['10.0.0.1:1 = 10.0.0.1']);
  });

  check('is looked up again when a target of it fails, though not more than once a second', async (t) => {
    const { clock, servers: fake, names, prober, last } = begin(t, 'srv+pg');
    fake.behaviour = servers(['10.0.0.1']);
    names.services['pg'] = [target('10.0.0.1')];
    prober.start();
    await clock.pass(500);
    assert.equal(names.lookups, 1);
    names.services['pg'] = [target('10.0.0.2')];
    await clock.pass(1000);
    assert.deepEqual(shown(last()), ['10.0.0.2:1 = 10.0.0.2']);
    const { lookups } = names;
    await clock.pass(10_000);
    assert.equal(names.lookups, lookups, 'what works is left alone');
  });

  check('shares a target that is named elsewhere too', async (t) => {
    const { clock, servers: fake, names, prober, last } = begin(t, 'a:1,srv+one,srv+two');
    names.services['one'] = [target('a'), target('b')];
    names.services['two'] = [target('b'), target('a')];
    Object.assign(names.hosts, { a: ['10.0.0.1'], b: ['10.0.0.2'] });
    prober.start();
    await clock.pass(100);
    assert.deepEqual(shown(last()), ['a:1 = 10.0.0.1', 'b:1 = 10.0.0.2']);
    assert.equal(fake.probes.length, 2);
  });

  check('follows its records, but keeps the incumbent until another one is elected', async (t) => {
    const { clock, servers: fake, names, logged, prober, scene, last } = begin(t, 'srv+pg', {
      dnsTtlMs: 1000,
    });
    fake.behaviour = servers();
    names.services['pg'] = [target('a'), target('b')];
    Object.assign(names.hosts, { a: ['10.0.0.1'], b: ['10.0.0.2'], c: ['10.0.0.3'] });
    prober.start();
    await clock.pass(500);
    scene.incumbent = 'a:1';
    names.services['pg'] = [target('c')];
    await clock.pass(3000);
    assert.deepEqual(shown(last()), ['c:1 = 10.0.0.3', 'a:1 = 10.0.0.1']);
    assert.equal(logged.filter((line) => line.startsWith('warn')).length, 1);
    names.isDown = true;
    scene.incumbent = 'c:1';
    await clock.pass(3000);
    assert.equal(last().length, 2, 'a failed lookup takes nothing away');
    names.isDown = false;
    await clock.pass(2000);
    assert.deepEqual(shown(last()), ['c:1 = 10.0.0.3']);
    prober.stop();
    await settled();
    assert.ok(fake.probes.every(({ isClosed }) => isClosed));
    assert.equal(clock.timers, 0);
  });
});
