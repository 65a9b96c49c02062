/** What is done with one target in one round, step by step; each gives some figures. */
import { burstClients, concurrencies, type Figures } from './metrics.ts';
import { noisyNeighbour } from './noisy.ts';
import { type Load, type Outcome, pgbench } from './pgbench.ts';
import { allowedCores, cpuMs, lastCore, pin } from './proc.ts';
import type { Running } from './targets.ts';
import { type EchoServer, roundTrips, wire } from './wire.ts';

export interface Bench {
  readonly folder: string;
  readonly seconds: number;
  readonly isQuick: boolean;
  readonly hasPgbench: boolean;
  readonly canPin: boolean;
  /** How many sessions are quiet beside a noisy one. */
  readonly quiet: number;
  readonly echo: EchoServer;
  /** The way to the echo server through the target of this name; undefined where there is none. */
  echoThrough(name: string): { host: string; port: number; pid: number | undefined } | undefined;
}

export interface Step {
  readonly title: string;
  /** What is measured of a target that is there for connecting only. */
  readonly connects?: boolean;
  /** Takes long, and is done in few rounds. */
  readonly isLong?: boolean;
  applies(bench: Bench, target: Running): boolean;
  run(bench: Bench, target: Running): Promise<Figures>;
}

export const steps: readonly Step[] = [
  { title: 'round trip', applies: ({ canPin }) => canPin, run: roundTrip },
  {
    title: 'bare echo',
    applies: (bench, { name }) => bench.canPin && bench.echoThrough(name) !== undefined,
    run: bareEcho,
  },
  ...concurrencies.map((clients): Step => ({
    title: `pgbench, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
    applies: ({ hasPgbench }) => hasPgbench,
    run: (bench, target) => transactions(bench, target, clients),
  })),
  { title: 'connect to ready', connects: true, applies: () => true, run: connecting },
  {
    title: `burst of ${burstClients} connects`,
    connects: true,
    isLong: true,
    applies: opensServers,
    run: burst,
  },
  { title: 'connect rate', connects: true, applies: ({ hasPgbench }) => hasPgbench, run: connectRate },
  { title: 'COPY out', applies: () => true, run: (bench, target) => copy(bench, target, 'out', 'copyOut') },
  { title: 'COPY in', applies: () => true, run: (bench, target) => copy(bench, target, 'in', 'copyIn') },
  {
    title: 'one noisy session beside quiet ones',
    isLong: true,
    applies: (bench, target) => bench.quiet > 0 && opensServers(bench, target),
    run: ({ quiet }, target) => noisyNeighbour(target, quiet),
  },
];

/** A pool answers from connections that it has, and keeps all that a crowd made it open. */
function opensServers(_: Bench, { name }: Running): boolean {
  return name !== 'pgbouncer';
}

async function pinned<T>(pids: readonly (number | undefined)[], work: () => Promise<T>): Promise<T> {
  const cores = allowedCores();
  const all = pids.filter((pid) => pid !== undefined);
  // Those that have ended meanwhile need not be set free.
  const free = () => all.forEach((pid) => attempt(() => pin(pid, cores)));
  try {
    for (const pid of all) pin(pid, lastCore(cores));
    return await work();
  } finally {
    free();
  }
}

function attempt(fn: () => void): void {
  try {
    fn();
  } catch {
    // Ended.
  }
}

async function roundTrip(_: Bench, target: Running): Promise<Figures> {
  const core = lastCore(allowedCores());
  const { medianUs, p99Us } = await pinned(
    [target.pid],
    () =>
      roundTrips('ping', target, 10_000, (client, backend) => {
        pin(client, core);
        if (backend === undefined) throw new Error('pg_backend_pid() gave no number');
        pin(backend, core);
      }),
  );
  return { roundTripUs: medianUs ?? NaN, roundTripP99Us: p99Us ?? NaN };
}

async function bareEcho(bench: Bench, { name }: Running): Promise<Figures> {
  const way = bench.echoThrough(name);
  if (way === undefined) return {};
  const core = lastCore(allowedCores());
  const { medianUs, p99Us } = await pinned(
    [way.pid, bench.echo.pid],
    () => roundTrips('echo', way, 10_000, (client) => pin(client, core)),
  );
  return { echoUs: medianUs ?? NaN, echoP99Us: p99Us ?? NaN };
}

async function transactions(bench: Bench, target: Running, clients: number): Promise<Figures> {
  const { outcome, cpuUs } = await load(bench, target, clients, false);
  return {
    [`tps${clients}`]: outcome.perSecond,
    [`latencyMs${clients}`]: outcome.averageMs,
    [`p99Ms${clients}`]: outcome.p99Ms,
    ...(cpuUs === undefined ? {} : { [`cpuUs${clients}`]: cpuUs }),
  };
}

async function connectRate(bench: Bench, target: Running): Promise<Figures> {
  const { outcome, cpuUs } = await load(bench, target, 8, true);
  return { connectRate: outcome.perSecond, ...(cpuUs === undefined ? {} : { connectCpuUs: cpuUs }) };
}

/** With the proxy's processor time for each transaction. */
async function load(
  { folder, seconds }: Bench,
  { host, port, pid }: Running,
  clients: number,
  connects: boolean,
): Promise<{ outcome: Outcome; cpuUs: number | undefined }> {
  const work: Load = { host, port, clients, seconds, connects };
  const before = pid === undefined ? 0 : cpuMs(pid);
  const outcome = await pgbench(work, folder);
  const cpuUs = pid === undefined ? undefined : (cpuMs(pid) - before) * 1000 / outcome.transactions;
  return { outcome, cpuUs };
}

async function connecting({ isQuick }: Bench, target: Running): Promise<Figures> {
  const { medianMs, p99Ms } = await wire('connect', target, isQuick ? 40 : 80);
  return { readyMs: medianMs ?? NaN, readyP99Ms: p99Ms ?? NaN };
}

async function burst({ isQuick }: Bench, target: Running): Promise<Figures> {
  const { medianMs } = await wire('burst', target, isQuick ? 2 : 5);
  return { burstMs: medianMs ?? NaN };
}

async function copy(
  { isQuick }: Bench,
  target: Running,
  mode: 'out' | 'in',
  name: 'copyOut' | 'copyIn',
): Promise<Figures> {
  const before = target.pid === undefined ? 0 : cpuMs(target.pid);
  const { bytes = NaN, seconds = NaN } = await wire(mode, target, isQuick ? 400 : 600);
  const gigabytes = bytes / 1e9;
  return {
    [`${name}Gbs`]: gigabytes / seconds,
    ...(target.pid === undefined ? {} : { [`${name}CpuMs`]: (cpuMs(target.pid) - before) / gigabytes }),
  };
}
