/**
 * Bare relays in C over epoll (floor.c) and io_uring (ring.c), in rounds that take turns. By hand, as it takes two minutes a
 * round; it needs a C compiler, pgbench and taskset:
 *
 *   node_modules/.bin/node scripts/lib/bench/ring.ts [ROUNDS]
 *
 * Prints medians and, within a round, ratios to the floor, in Markdown.
 */
import { join } from 'node:path';
import { startCluster } from '../../../test/bed/cluster.ts';
import { freePort } from '../../../test/bed/ports.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { removeWorkspace } from '../../../test/bed/workspace.ts';
import { apart } from './apart.ts';
import { killAll, run, start } from './children.ts';
import { temporaryFolder } from './folder.ts';
import { buildFloor, floorIn } from './floor.ts';
import { load } from './machine.ts';
import { pgbench, prepareTables } from './pgbench.ts';
import { allowedCores, cpuMs, lastCore, pin } from './proc.ts';
import { isReady } from './ready.ts';
import { ratiosOf, type Sample, spreadOf, valuesOf } from './statistics.ts';
import { roundTrips } from './wire.ts';

const [rounds = '3'] = process.argv.slice(2);
const folder = temporaryFolder('ring');
process.once('exit', killAll);
const ring = join(folder, 'ring');
const base = 'floor: epoll';
const relays: readonly (readonly [string, (ports: readonly string[]) => readonly string[]])[] = [
  [base, (ports) => [floorIn(folder), ...ports]],
  ...['ring', 'send'].flatMap((sends) =>
    ['defer', 'coop'].map((mode) =>
      [
        `io_uring, sends ${sends === 'ring' ? 'in the ring' : 'by the call'}, ${mode}`,
        (ports: readonly string[]) => [ring, ...ports, sends, mode],
      ] as const
    )
  ),
];

interface Relay {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
}

async function started(server: number): Promise<Relay[]> {
  const running: Relay[] = [];
  for (const [name, commandOf] of relays) {
    const port = await freePort();
    const { pid } = await start(commandOf([`${port}`, `${server}`]));
    await waitFor(name, () => isReady('127.0.0.1', port, 'postgres'), { deadlineMs: 5_000, everyMs: 10 });
    running.push({ name, host: '127.0.0.1', port, pid });
  }
  return running;
}

/** `server` is its first process. */
async function measure(relay: Relay, server: number): Promise<Readonly<Record<string, number>>> {
  const core = lastCore(allowedCores());
  pin(relay.pid, core);
  const { medianUs = NaN } = await roundTrips('ping', relay, 10_000, (client, backend) => {
    for (const pid of [client, backend]) if (pid !== undefined) pin(pid, core);
  });
  pin(relay.pid, allowedCores());
  const figures: Record<string, number> = { 'round trip, one core, us': medianUs };
  for (const clients of [1, 16, 64]) {
    const seconds = clients > 16 ? 2 : 1;
    const outcome = await pgbench(
      { ...relay, clients, seconds, connects: false },
      folder,
      () => cpuMs(relay.pid),
    );
    figures[`TPS, ${clients}`] = outcome.perSecond;
    figures[`CPU us, ${clients}`] = outcome.cpuMs * 1000 / outcome.transactions;
  }
  for (const clients of [1, 16, 64]) {
    const outcome = await apart(
      relay.pid,
      server,
      () => pgbench({ ...relay, clients, seconds: 2, connects: false }, folder, () => cpuMs(relay.pid)),
    );
    figures[`TPS, ${clients}, alone on a core`] = outcome.perSecond;
    figures[`CPU us, ${clients}, alone on a core`] = outcome.cpuMs * 1000 / outcome.transactions;
  }
  return figures;
}

function tableOf(samples: readonly Sample[]): string {
  const metrics = [...new Set(samples.map(({ metric }) => metric))];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const cell = (metric: string, name: string): string => {
    const [value, ratio] = [
      spreadOf(valuesOf(samples, metric, name)),
      spreadOf(ratiosOf(samples, metric, name, base)),
    ];
    const text = value?.median.toFixed(1) ?? '';
    if (ratio === undefined || name === base) return text;
    return `${text}, ${ratio.median.toFixed(2)}x (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`;
  };
  return [
    line(['', ...metrics]),
    line(['---', ...metrics.map(() => '---')]),
    ...relays.map(([name]) => line([name, ...metrics.map((metric) => cell(metric, name))])),
  ].join('\n');
}

async function main(): Promise<void> {
  const trouble = await buildFloor(folder);
  if (trouble !== undefined) throw new Error(trouble);
  await run(['cc', '-O2', '-o', ring, join(import.meta.dirname, 'ring.c')], 60_000);
  const before = load();
  const cluster = await startCluster({ maxConnections: 300, settings: { shared_buffers: '128MB' } });
  try {
    await prepareTables({ host: '127.0.0.1', port: cluster.first.port });
    const running = await started(cluster.first.port);
    const samples: Sample[] = [];
    for (let round = 0; round < Number(rounds); round++) {
      const at = round * 2 % running.length;
      for (const relay of [...running.slice(at), ...running.slice(0, at)]) {
        for (const [metric, value] of Object.entries(await measure(relay, cluster.first.pid!))) {
          samples.push({ round, target: relay.name, metric, value });
        }
      }
    }
    console.log(`load before ${before}, after ${load()}\n${tableOf(samples)}`);
  } finally {
    killAll();
    await cluster.close();
    await removeWorkspace();
  }
}

await main();
process.exit(0);
