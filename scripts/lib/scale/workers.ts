/** Transactions through several workers, and how evenly these have their sessions. */
import { readFileSync } from 'node:fs';
import { workerThreads } from '../../../test/bed/stop-thread.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { pgbench } from '../bench/pgbench.ts';
import { cpuMs } from '../bench/proc.ts';
import type { Sample } from '../bench/statistics.ts';
import { type Options, workerCounts } from './options.ts';
import type { Deal } from './report.ts';
import { dismiss, gather, type Proxy, type Scene } from './scene.ts';
import { sessionsByWorker } from './sessions-by-worker.ts';

const warmUpSeconds = 3;

/** Targets are `executable 2`, `HAProxy 2` and so on; `cpuUs`, `tps`, `p99Ms`, and of ours `fullest` and `busiest`, of an even share. */
export async function transactionsByWorkers(
  scene: Scene,
  { busy, rounds, seconds, hasHaproxy }: Options,
  folder: string,
  say: (line: string) => void,
): Promise<Sample[]> {
  const standIn = await scene.standIn();
  const targets: { name: string; proxy: Proxy; workers: number | undefined }[] = [];
  const samples: Sample[] = [];
  try {
    for (const workers of workerCounts) {
      const proxy = await scene.startOurs(standIn, workers, 1000);
      targets.push({ name: `executable ${workers}`, proxy, workers });
    }
    for (const threads of hasHaproxy ? workerCounts : []) {
      const proxy = await scene.startHaproxy(standIn, threads, 1000);
      targets.push({ name: `HAProxy ${threads}`, proxy, workers: undefined });
    }
    for (let round = -1; round < rounds; round++) {
      const from = (round + targets.length) % targets.length;
      const order = [...targets.slice(from), ...targets.slice(0, from)];
      for (const { name: target, proxy, workers } of order) {
        const looks: Look[] = [];
        const load = { host: '127.0.0.1', port: proxy.port, clients: busy, connects: false };
        const outcome = await pgbench(
          { ...load, seconds: round < 0 ? warmUpSeconds : seconds },
          folder,
          () => {
            if (workers !== undefined) looks.push(lookAt(proxy));
            return cpuMs(proxy.pid);
          },
        );
        if (round < 0) continue;
        const { transactions, perSecond, p99Ms, cpuMs: cpu } = outcome;
        const cpuUs = cpu * 1000 / transactions;
        say(
          `workers: round ${round + 1} of ${rounds}, ${target}: ${cpuUs.toFixed(1)} us, ${
            perSecond.toFixed(0)
          } TPS`,
        );
        const put = (metric: string, value: number) => samples.push({ round, target, metric, value });
        put('cpuUs', cpuUs);
        put('tps', perSecond);
        if (typeof p99Ms === 'number') put('p99Ms', p99Ms);
        const [before, after] = looks;
        if (before === undefined || after === undefined || workers === 1) continue;
        put('fullest', mostOfEven(after.sessions));
        put('busiest', mostOfEven(after.ns.map((ns, index) => ns - before.ns[index]!)));
      }
    }
    return samples;
  } finally {
    for (const { proxy } of targets) await proxy.end();
  }
}

interface Look {
  readonly sessions: readonly number[];
  /** Processor time of each worker thread. */
  readonly ns: readonly number[];
}

function lookAt({ pid, port }: Proxy): Look {
  return {
    sessions: sessionsByWorker(pid, port),
    ns: workerThreads(pid).map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    ),
  };
}

/** What the one with the most has, in even shares. */
const mostOfEven = (values: readonly number[]): number =>
  Math.max(...values) * values.length / values.reduce((sum, value) => sum + value, 0);

/** So many sessions, so many times. */
const crowds = [{ sessions: 64, times: 30 }, { sessions: 1000, times: 10 }] as const;

export async function dealSessions(scene: Scene, say: (line: string) => void): Promise<Deal[]> {
  const standIn = await scene.standIn();
  const deals: Deal[] = [];
  for (const workers of workerCounts.filter((count) => count > 1)) {
    const ours = await scene.startOurs(standIn, workers, 2000);
    for (const { sessions, times } of crowds) {
      const counts: number[][] = [];
      for (let time = 0; time < times; time++) {
        const crowd = await gather(ours, sessions);
        counts.push(
          await waitFor('all sessions to be watched', () => {
            const now = sessionsByWorker(ours.pid, ours.idlePort);
            return now.reduce((sum, count) => sum + count, 0) === sessions && now;
          }),
        );
        await dismiss(ours, [crowd]);
        await waitFor(
          'no session to be left',
          () => sessionsByWorker(ours.pid, ours.idlePort).every((count) => count === 0),
        );
      }
      say(`evenness: ${sessions} sessions on ${workers} workers, ${times} times`);
      deals.push({ workers, sessions, counts });
    }
    await ours.end();
  }
  return deals;
}
