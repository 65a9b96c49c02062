import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Rules } from '../../src/cluster/election.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { noRoute, type Route } from '../../src/contract/messages.ts';
import { type Decision, Router } from '../../src/control/router.ts';
import { answer, failing, now, primary, rules, standby, theirs, unasked } from '../cluster/scene.ts';

/** What is new of a decision, in short. */
function newsOf({ verdict: { rule, primary, reason }, route: { epoch } }: Decision) {
  return { rule, primary: primary?.candidate.name, timeline: primary?.answer.timeline, reason, epoch };
}

/** A router, with the routes and verdicts that were new. */
function routing(change: Partial<Rules> = {}) {
  const router = new Router({ ...rules, ...change });
  const routes: Route[] = [];
  const entries: ReturnType<typeof newsOf>[] = [];
  let last: Decision | undefined;
  return {
    routes,
    entries,
    rule: () => last?.verdict.rule,
    /** The route after an election over these. */
    see: (...observations: Observation[]): Route => {
      last = router.decide(observations, now);
      if (last.isNewRoute) routes.push(last.route);
      if (last.isNewVerdict) entries.push(newsOf(last));
      assert.equal(last.route, routes.at(-1) ?? noRoute);
      return last.route;
    },
  };
}

const at = (host: string) => ({ host, port: 5432 });
const a = primary('a', 1, at('192.0.2.1'));
const b = primary('b', 2, at('192.0.2.2'));
const down = failing(a, 2);

describe('the epoch', () => {
  test('is 0 until there is a primary', () => {
    const { rule, see } = routing();
    assert.equal(see(unasked('a')).epoch, 0);
    assert.equal(see(standby('a')).epoch, 0);
    assert.equal(rule(), 'noPrimary');
  });

  test('grows by one with the first primary, whose address is the route', () => {
    const route = routing().see(a);
    assert.equal(route.epoch, 1);
    assert.deepEqual(route.primary, at('192.0.2.1'));
  });

  test('stays while the primary does, whatever the others do', () => {
    const { see } = routing();
    for (
      const other of [standby('b'), failing(standby('b')), primary('b', 1), primary('b', 0), standby('b', 1)]
    ) {
      assert.equal(see(a, other).epoch, 1);
    }
  });

  test('stays while rights of the probe come and go, and no session is fenced', () => {
    const { see, entries } = routing();
    see(a);
    const hidden = primary('a', 0, { ...at('192.0.2.1'), system: undefined, timeline: undefined });
    assert.deepEqual([see(hidden).epoch, see(a).epoch, see(hidden).fence], [1, 1, 0]);
    assert.deepEqual(entries.map(({ timeline }) => timeline), [1, undefined, 1, undefined]);
    assert.equal(see(primary('a', 1, { ...at('192.0.2.1'), startedAt: 'later' })).fence, 2);
  });

  test('stays while the primary is in doubt', () => {
    const { see } = routing();
    see(a);
    assert.equal(see(failing(a)).epoch, 1);
  });

  test('grows with each change to no primary and back', () => {
    const { see } = routing();
    assert.deepEqual([a, down, a, down, a].map((seen) => see(seen).epoch), [1, 2, 3, 4, 5]);
  });

  test('grows with another primary', () => {
    const { see } = routing();
    see(a, standby('b'));
    assert.equal(see(a, b).epoch, 2);
  });

  test('grows with another host or port of the same server', () => {
    const { see } = routing();
    see(a);
    assert.equal(see(primary('a', 1, at('192.0.2.9'))).epoch, 2);
    assert.equal(see(primary('a', 1, { host: '192.0.2.9', port: 5433 })).epoch, 3);
  });

  test('grows with another start, and with another timeline, at the same address', () => {
    const { see } = routing();
    see(a);
    assert.equal(see(primary('a', 1, { startedAt: 'later' })).epoch, 2);
    assert.equal(see(primary('a', 2, { startedAt: 'later' })).epoch, 3);
  });
});

describe('the fence', () => {
  const fences = (...seen: Observation[][]): number[] => {
    const { see } = routing();
    return seen.map((observations) => see(...observations).fence);
  };

  test('keeps the sessions when the primary is only gone, and when it comes back', () => {
    assert.deepEqual(fences([a], [down], [a], [failing(a)], [a]), [0, 0, 0, 0, 0]);
  });

  test('strikes the sessions of older epochs when another server is primary', () => {
    assert.deepEqual(fences([a, standby('b')], [a, b], [a, b]), [0, 2, 2]);
  });

  test('strikes when another server follows after a time without any', () => {
    assert.deepEqual(fences([a, standby('b')], [down, standby('b')], [down, b]), [0, 0, 3]);
  });

  test('takes a server that has started again for another one', () => {
    const again = primary('a', 1, { ...at('192.0.2.1'), startedAt: 'later' });
    assert.deepEqual(fences([a], [again]), [0, 2]);
    assert.deepEqual(fences([a], [down], [again]), [0, 0, 3]);
  });

  test('takes a server that was promoted for another one', () => {
    assert.deepEqual(fences([a], [primary('a', 2, { startedAt: answer('a').startedAt })]), [0, 2]);
  });

  test('takes the same server at another address, or under another name, for the same', () => {
    const moved = primary('a', 1, at('192.0.2.9'));
    const named = primary('b', 1, { ...at('192.0.2.9'), startedAt: answer('a').startedAt });
    assert.deepEqual(fences([a], [moved], [failing(moved, 2), named]), [0, 0, 0]);
  });

  test('stays where it was while there is no primary', () => {
    assert.deepEqual(fences([a], [b], [failing(b, 2)], [b]), [0, 2, 2, 2]);
  });
});

describe('a route', () => {
  test('names the standbys, and no other candidate', () => {
    const rival = primary('c', 1, at('192.0.2.3'));
    const { standbys } = routing().see(
      primary('a', 2, at('192.0.2.1')),
      standby('b', 1, at('192.0.2.2')),
      rival,
      failing(standby('d')),
      standby('e', 2, at('192.0.2.5')),
    );
    assert.deepEqual(standbys, [
      { address: at('192.0.2.2'), weight: 1 },
      { address: at('192.0.2.5'), weight: 1 },
    ]);
  });

  test('gives a client the reason, and a line for each candidate', () => {
    const { reason, detail } = routing().see(standby('a'), failing(unasked('b')));
    assert.equal(reason, 'a is a standby; b is down');
    assert.equal(detail, 'a is a standby on timeline 1\nb refuses connections');
  });

  test('is not published again while nothing changes', () => {
    const { see, routes } = routing();
    see(a, standby('b'));
    see(
      primary('a', 1, { at: now, tookMs: 9, lsn: 500n, ...at('192.0.2.1') }),
      standby('b', 1, { lsn: 400n }),
    );
    assert.equal(routes.length, 1);
  });

  const news: readonly [string, Observation[]][] = [
    ['a reason', [failing(a), standby('b')]],
    ['a line about a candidate', [a, standby('b', 1, { upstream: at('192.0.2.1') })]],
    ['the address of a standby', [a, standby('b', 1, at('192.0.2.9'))]],
  ];
  for (const [what, observations] of news) {
    test(`with new news of ${what} is published under the old epoch`, () => {
      const { see, routes } = routing();
      see(a, standby('b'));
      see(...observations);
      assert.equal(routes.length, 2);
      assert.equal(routes[1]?.epoch, 1);
    });
  }

  test('before the first election says that no candidate has been probed yet', () => {
    assert.match(noRoute.reason, /has not probed/);
  });
});

describe('the news of a router', () => {
  test('is the first verdict and each that differs', () => {
    const { see, entries } = routing();
    see(a, unasked('b'));
    see(a, standby('b'));
    see(a, standby('b'));
    see(failing(a), standby('b'));
    see(failing(a, 2), standby('b'));
    see(failing(a, 3), standby('b'));
    see(failing(a, 3), b);
    assert.deepEqual(entries.map(({ rule, primary, epoch }) => [rule, primary, epoch]), [
      ['firstRound', undefined, 0],
      ['onlyPrimary', 'a', 1],
      ['incumbentInDoubt', 'a', 1],
      ['noPrimary', undefined, 2],
      ['onlyPrimary', 'b', 3],
    ]);
  });

  test('has one entry for a primary that returns to an older timeline, and its epoch fences the former one', () => {
    const router = new Router(rules);
    const later = (ms: number, ...observations: Observation[]): Decision =>
      router.decide(
        observations.map((seen) => ({ ...seen, answer: { ...seen.answer!, at: now + ms } })),
        now + ms,
      );
    const follower = standby('b', 1, { upstream: { host: 'a.example', port: 5432 } });
    const decisions = [
      later(0, standby('a', 1), b),
      ...[1000, 6000, 10_999, 11_000, 12_000].map((ms) => later(ms, a, follower)),
    ];
    const entries = decisions.filter(({ isNewVerdict }) => isNewVerdict).map(newsOf);
    assert.deepEqual(entries.map(({ primary, rule }) => [primary, rule]), [
      ['b', 'onlyPrimary'],
      [undefined, 'noPrimary'],
      ['a', 'everybodyFollows'],
    ]);
    const { route } = decisions.at(-1)!;
    assert.equal(route.fence, route.epoch);
  });

  test('has one entry for a new system, and its epoch fences the old one', () => {
    const router = new Router(rules);
    const anew = primary('a', 1, { system: theirs, startedAt: 'anew' });
    const decisions =
      ([[0, primary('a', 5)], [1000, anew], [6000, anew], [11_000, anew], [12_000, anew]] as const)
        .map(([ms, seen]) =>
          router.decide([{ ...seen, answer: { ...seen.answer!, at: now + ms } }], now + ms)
        );
    const entries = decisions.filter(({ isNewVerdict }) => isNewVerdict).map(newsOf);
    assert.deepEqual(entries.map(({ primary, rule }) => [primary, rule]), [
      ['a', 'onlyPrimary'],
      [undefined, 'noPrimary'],
      ['a', 'newSystem'],
    ]);
    const { route, verdict } = decisions.at(-1)!;
    assert.equal(route.fence, route.epoch);
    assert.deepEqual(verdict.memory, { system: theirs, incumbent: 'a', timeline: 1 });
  });

  test('has an entry for a candidate that stands elsewhere, and for another timeline', () => {
    const { see, entries } = routing();
    see(a, standby('b'));
    see(a, failing(standby('b')));
    see(primary('a', 2, at('192.0.2.1')), failing(standby('b')));
    assert.deepEqual(entries.map(({ timeline }) => timeline), [1, 1, 2]);
  });

  test('has one entry for a new primary while the old one is up', () => {
    const { see, entries } = routing();
    see(a, b);
    see(a, b);
    see(a, b);
    assert.deepEqual(entries.map(({ rule }) => rule), ['newestTimeline']);
  });

  test('has one entry for a vote of the standbys, whose winner is the incumbent from then on', () => {
    const { see, entries, rule } = routing();
    const rivals = [primary('a', 1, at('192.0.2.1')), primary('b', 1, at('192.0.2.2'))];
    const voter = standby('c', 1, { upstream: at('192.0.2.2') });
    see(...rivals, voter);
    see(...rivals, voter);
    assert.deepEqual(entries.map(({ rule, primary }) => [rule, primary]), [['standbysVote', 'b']]);
    assert.equal(rule(), 'splitBrainIncumbent');
  });

  test('has no entry for figures that move', () => {
    const { see, entries, routes } = routing();
    see(standby('a', 1));
    see(standby('a', 2));
    assert.equal(entries.length, 1);
    assert.equal(routes.length, 2);
  });
});
