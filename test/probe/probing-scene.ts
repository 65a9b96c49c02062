/** A prober with a clock that is moved by hand, servers that are played by the test, and names that it gives out. */
import { parseCandidates } from '../../src/cluster/candidate.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { Prober, type ProberOptions } from '../../src/probe/prober.ts';
import type { Resolver, Target } from '../../src/probe/resolver.ts';
import { FakeClock, FakeServers } from './fake.ts';
import { logEvents } from '../../src/log-events.ts';
import { type Closer, login } from './support.ts';

const options: ProberOptions = {
  probeIntervalMs: 250,
  probeFastMs: 100,
  connectTimeoutMs: 800,
  queryTimeoutMs: 500,
  dnsTtlMs: 30_000,
};

/** Knows what the test writes into it; everything else is ENOTFOUND. */
export class FakeNames implements Resolver {
  readonly hosts: Record<string, readonly string[]> = {};
  readonly services: Record<string, readonly Target[]> = {};
  isHanging = false;
  isDown = false;
  lookups = 0;

  readonly addresses = (host: string) => this.#answer(this.hosts[host]);
  readonly targets = (service: string) => this.#answer(this.services[service]);

  #answer<T>(known: T | undefined): Promise<T> {
    this.lookups += 1;
    if (this.isHanging) return new Promise(() => {});
    const code = this.isDown ? 'ESERVFAIL' : 'ENOTFOUND';
    return known && !this.isDown
      ? Promise.resolve(known)
      : Promise.reject(Object.assign(new Error('no'), { code }));
  }
}

export function begin(
  t: Closer,
  candidates: string,
  change: Partial<ProberOptions> = {},
  random: () => number = () => 1,
) {
  const list = parseCandidates(candidates);
  if ('problem' in list) throw new Error(list.problem);
  const clock = new FakeClock();
  const servers = new FakeServers(clock);
  const names = new FakeNames();
  const seen: (readonly Observation[])[] = [];
  const logged: string[] = [];
  const stalls: number[] = [];
  const overdue: string[] = [];
  const scene = { incumbent: '' };
  const prober = new Prober(
    list.candidates,
    login(),
    { ...options, ...change },
    clock,
    {
      observed: (observations) => seen.push(observations),
      log: (event, fields = {}) =>
        void logged.push(`${logEvents[event][0]}: ${event} ${Object.values(fields).join(' ')}`),
      isIncumbent: (candidate) => candidate === scene.incumbent,
      stalled: (now) => stalls.push(now),
      overdue: (candidate) => overdue.push(candidate),
    },
    { open: servers.open, resolver: names, random },
  );
  t.after(() => prober.stop());
  return {
    clock,
    servers,
    names,
    seen,
    logged,
    stalls,
    overdue,
    prober,
    scene,
    last: () => seen.at(-1) ?? [],
  };
}
