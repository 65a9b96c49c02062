/** What is done with one target in one round, step by step; each gives some figures. */
import { apart, cannotPart } from './apart.ts';
import { burstClients, concurrencies, connectsEach, type Figures, type Part } from './metrics.ts';
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
  /** The first process of the server, if it is ours to bind to cores. */
  readonly serverPid: number | undefined;
  /** How many sessions are quiet beside a noisy one. */
  readonly quiet: number;
  readonly echo: EchoServer;
  /** The way to the echo server through the target of this name; undefined where there is none. */
  echoThrough(name: string): { host: string; port: number; pid: number | undefined } | undefined;
}

export interface Step {
  readonly title: string;
  readonly part: Part;
  /** The metrics that it gives, or says why not. */
  readonly gives: readonly string[];
  /** What is measured of a target that is there for connecting only. */
  readonly connects?: boolean;
  /** Takes long, and is done in few rounds. */
  readonly isLong?: boolean;
  /** Why it cannot be done with this target; undefined where it can. */
  hinders(bench: Bench, target: Running): string | undefined;
  run(bench: Bench, target: Running): Promise<Figures>;
}

export const steps: readonly Step[] = [
  {
    title: 'round trip',
    part: 'round-trip',
    gives: ['roundTripUs', 'roundTripP99Us'],
    hinders: cannotPin,
    run: roundTrip,
  },
  {
    title: 'bare echo',
    part: 'echo',
    gives: ['echoUs', 'echoP99Us'],
    hinders: (bench, { name }) =>
      cannotPin(bench) ?? (bench.echoThrough(name) === undefined ? noEcho : undefined),
    run: bareEcho,
  },
  ...concurrencies.map((clients): Step => ({
    title: `pgbench, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
    part: 'pgbench',
    gives: ['tps', 'latencyMs', 'p99Ms', 'cpuUs'].map((name) => `${name}${clients}`),
    hinders: lacksPgbench,
    run: (bench, target) => transactions(bench, target, clients),
  })),
  ...concurrencies.map((clients): Step => ({
    title: `pgbench, ${clients} ${clients === 1 ? 'client' : 'clients'}, the proxy alone on a core`,
    part: 'own-core',
    gives: [`ownCpuUs${clients}`, `ownTps${clients}`],
    hinders: sharesCores,
    run: (bench, target) => ownCore(bench, target, clients),
  })),
  {
    title: 'connect to ready',
    part: 'connect',
    gives: ['readyMs', 'readyLongestMs'],
    connects: true,
    hinders: nothing,
    run: connecting,
  },
  {
    title: `burst of ${burstClients} connects`,
    part: 'connect',
    gives: ['burstMs'],
    connects: true,
    isLong: true,
    hinders: keepsServers,
    run: burst,
  },
  {
    title: 'connect rate',
    part: 'connect',
    gives: ['connectRate', 'connectCpuUs'],
    connects: true,
    hinders: lacksPgbench,
    run: connectRate,
  },
  {
    title: 'COPY out',
    part: 'copy',
    gives: ['copyOutGbs', 'copyOutCpuMs'],
    hinders: nothing,
    run: (bench, target) => copy(bench, target, 'out', 'copyOut'),
  },
  {
    title: 'COPY in',
    part: 'copy',
    gives: ['copyInGbs', 'copyInCpuMs'],
    hinders: nothing,
    run: (bench, target) => copy(bench, target, 'in', 'copyIn'),
  },
  {
    title: 'one noisy session beside quiet ones',
    part: 'noisy',
    isLong: true,
    gives: ['quietSessions', 'quietUs', 'quietP99Us', 'noisyUs', 'noisyP99Us', 'noisyGbs'],
    hinders: (bench, target) => bench.quiet > 0 ? keepsServers(bench, target) : noRoom,
    run: ({ quiet }, target) => noisyNeighbour(target, quiet),
  },
];

const noEcho = 'only PostgreSQL can be reached through it';
const noRoom = 'the limit of open files, or the memory, allows no quiet sessions';

function nothing(): undefined {}

function cannotPin({ canPin }: Bench): string | undefined {
  return canPin ? undefined : 'taskset is not installed';
}

function lacksPgbench({ hasPgbench }: Bench): string | undefined {
  return hasPgbench ? undefined : 'pgbench is not installed';
}

/** Why the proxy cannot have a core that nobody else uses. */
function sharesCores(bench: Bench, target: Running): string | undefined {
  if (target.pid === undefined) return withoutProcess(target);
  if (bench.serverPid === undefined) {
    return 'the server was started by somebody else, and is not ours to bind to a core';
  }
  return cannotPart() ?? cannotPin(bench) ?? lacksPgbench(bench);
}

function keepsServers(_: Bench, { name }: Running): string | undefined {
  if (name !== 'pgbouncer') return undefined;
  return 'a pool answers from connections that it has, and keeps all that a crowd made it open';
}

/** Why there is no processor time. */
export function withoutProcess({ name }: Pick<Running, 'name'>): string {
  return name === 'direct' ? 'there is no proxy' : 'its process id was not given';
}

async function ownCore(bench: Bench, target: Running, clients: number): Promise<Figures> {
  const measured = () => load(bench, target, clients, false);
  const { outcome, cpuUs } = await apart(target.pid!, bench.serverPid!, measured);
  return { [`ownCpuUs${clients}`]: cpuUs, [`ownTps${clients}`]: outcome.perSecond };
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
    [`cpuUs${clients}`]: cpuUs,
  };
}

async function connectRate(bench: Bench, target: Running): Promise<Figures> {
  const { outcome, cpuUs } = await load(bench, target, 8, true);
  return { connectRate: outcome.perSecond, connectCpuUs: cpuUs };
}

/** With the proxy's processor time for each transaction. */
async function load(
  { folder, seconds }: Bench,
  target: Running,
  clients: number,
  connects: boolean,
): Promise<{ outcome: Outcome; cpuUs: number | string }> {
  const { host, port, pid } = target;
  // Of many clients each gets little of a second.
  const work: Load = { host, port, clients, seconds: clients > 16 ? 2 * seconds : seconds, connects };
  const outcome = await pgbench(work, folder, () => pid === undefined ? 0 : cpuMs(pid));
  const cpuUs = pid === undefined ? withoutProcess(target) : outcome.cpuMs * 1000 / outcome.transactions;
  return { outcome, cpuUs };
}

async function connecting(_: Bench, target: Running): Promise<Figures> {
  const { medianMs, longestMs } = await wire('connect', target, connectsEach);
  return { readyMs: medianMs ?? NaN, readyLongestMs: longestMs ?? NaN };
}

async function burst({ isQuick }: Bench, target: Running): Promise<Figures> {
  const { medianMs } = await wire('burst', target, isQuick ? 3 : 5);
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
    [`${name}CpuMs`]: target.pid === undefined
      ? withoutProcess(target)
      : (cpuMs(target.pid) - before) / gigabytes,
  };
}
