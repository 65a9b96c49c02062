/** What idle sessions cost those that work. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from '../bench/children.ts';
import { pgbench } from '../bench/pgbench.ts';
import { cpuMs, memoryOf } from '../bench/proc.ts';
import type { Sample } from '../bench/statistics.ts';
import type { Options } from './options.ts';
import type { Kind, SessionMemory } from './report.ts';
import { dismiss, gather, type Proxy, type Scene } from './scene.ts';

export interface IdleResult {
  /**
   * Targets are `executable with`, `executable without` (the idle sessions are at its double) and `executable alone` (there are
   * none at all), and so on; `cpuUs`, `tps`, `p99Ms`, and `share` at rest.
   */
  readonly samples: readonly Sample[];
  readonly memory: readonly SessionMemory[];
}

/** Long enough for a runtime to finish what it began, and for a collection of garbage. */
const settleMs = 4000;
const warmUpSeconds = 3;
const restMs = 3000;

/** The part of the sessions that is there before the memory of the others is measured: what is needed once is no growth. */
const earlyShare = 0.1;

interface Pair {
  readonly kind: Kind;
  readonly proxies: readonly [Proxy, Proxy];
}

export async function idleSessions(
  scene: Scene,
  options: Options,
  folder: string,
  say: (line: string) => void,
): Promise<IdleResult> {
  const { idle, rounds } = options;
  const pairs = await startPairs(scene, options);
  const samples: Sample[] = [];
  const memory: SessionMemory[] = [];
  const play = async (round: number, which: (index: number) => string) => {
    const turns = pairs.flatMap(({ kind, proxies }) =>
      proxies.map((proxy, index) => ({ proxy, target: `${kind} ${which(index)}` }))
    );
    samples.push(...await oneRound(turns, round, options, folder, say));
  };
  try {
    for (const { proxies } of pairs) {
      for (const proxy of proxies) await load(proxy, { ...options, seconds: warmUpSeconds }, folder);
    }
    for (let half = 0; half < 2; half++) {
      await play(half, () => 'alone');
      const crowds: Child[][] = [];
      for (const { kind, proxies } of pairs) {
        say(`idle: ${idle} sessions come to ${kind}`);
        const { crowd, bytes } = await gatherMeasured(proxies[half]!, idle);
        crowds.push(crowd);
        memory.push({ kind, bytes });
      }
      const which = (index: number) => index === half ? 'with' : 'without';
      samples.push(
        ...await atRest(
          pairs.flatMap(({ kind, proxies }) =>
            proxies.map((proxy, index) => ({ proxy, target: `${kind} ${which(index)}` }))
          ),
          half,
        ),
      );
      for (let round = half * rounds / 2; round < (half + 1) * rounds / 2; round++) await play(round, which);
      for (const [index, { proxies }] of pairs.entries()) await dismiss(proxies[half]!, crowds[index]!);
    }
    await play(2, () => 'alone');
    return { samples, memory };
  } finally {
    for (const { proxies } of pairs) for (const proxy of proxies) await proxy.end();
  }
}

/** Who is first changes from round to round, and who comes after whom, too. */
async function oneRound(
  turns: readonly { readonly proxy: Proxy; readonly target: string }[],
  round: number,
  options: Options,
  folder: string,
  say: (line: string) => void,
): Promise<Sample[]> {
  const from = round % turns.length;
  const order = [...turns.slice(from), ...turns.slice(0, from)];
  const samples: Sample[] = [];
  for (const { proxy, target } of round % 2 === 0 ? order : order.reverse()) {
    const { transactions, perSecond, p99Ms, cpuMs: cpu } = await load(proxy, options, folder);
    const cpuUs = cpu * 1000 / transactions;
    say(`idle: round ${round + 1}, ${target}: ${cpuUs.toFixed(1)} us, ${perSecond.toFixed(0)} TPS`);
    samples.push({ round, target, metric: 'cpuUs', value: cpuUs });
    samples.push({ round, target, metric: 'tps', value: perSecond });
    if (typeof p99Ms === 'number') samples.push({ round, target, metric: 'p99Ms', value: p99Ms });
  }
  return samples;
}

/** What `/proc/PID/stat` tells has steps of 10 ms, and the time of threads that have ended; `schedstat` lacks that. */
function load({ pid, port }: Proxy, { busy, seconds }: Options, folder: string) {
  return pgbench(
    { host: '127.0.0.1', port, clients: busy, seconds, connects: false },
    folder,
    () => cpuMs(pid),
  );
}

async function gatherMeasured(proxy: Proxy, count: number): Promise<{ crowd: Child[]; bytes: number }> {
  const early = Math.ceil(count * earlyShare);
  const first = await gather(proxy, early);
  await pause(settleMs);
  const before = memoryOf(proxy.pid).restBytes;
  const others = await gather(proxy, count - early);
  await pause(settleMs);
  return {
    crowd: [first, others],
    bytes: (memoryOf(proxy.pid).restBytes - before) / (count - early),
  };
}

async function startPairs(scene: Scene, { idle, busy, hasHaproxy }: Options): Promise<Pair[]> {
  const sessions = idle + busy + 50;
  const ours = await scene.standIn();
  const one = () => scene.startOurs(ours, 1, sessions);
  const pairs: Pair[] = [{ kind: 'executable', proxies: [await one(), await one()] }];
  if (!hasHaproxy) return pairs;
  const theirs = await scene.standIn();
  const other = () => scene.startHaproxy(theirs, 1, sessions);
  return [...pairs, { kind: 'HAProxy', proxies: [await other(), await other()] }];
}

/** The share of a core that each takes while nobody works. */
async function atRest(
  turns: readonly { readonly proxy: Proxy; readonly target: string }[],
  round: number,
): Promise<Sample[]> {
  const before = turns.map(({ proxy }) => cpuMs(proxy.pid));
  const from = performance.now();
  await pause(restMs);
  const tookMs = performance.now() - from;
  return turns.map(({ proxy, target }, index) => (
    { round, target, metric: 'share', value: (cpuMs(proxy.pid) - before[index]!) / tookMs }
  ));
}
