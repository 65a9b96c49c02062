/** The gateway, looked at from outside once a second. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { GatewayProcess } from '../../../test/bed/gateway.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { load } from '../bench/machine.ts';
import { cpuMs } from '../bench/proc.ts';
import { knowsAll } from '../failover/promotions.ts';
import type { Counted, Rest, Sample } from './facts.ts';

/** Long, for the machine may be busy. */
const settleMs = 180_000;
/** The kernel walks through all of the memory for it. */
const proportionalEverySeconds = 10;

export class Sampler {
  readonly samples: Sample[] = [];
  readonly #gateway: GatewayProcess;
  readonly #seconds: () => number;
  readonly #trouble: (error: unknown) => void;
  #isOver = false;
  #done: Promise<void> | undefined;

  constructor(gateway: GatewayProcess, seconds: () => number, trouble: (error: unknown) => void) {
    this.#gateway = gateway;
    this.#seconds = seconds;
    this.#trouble = trouble;
  }

  start(): void {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    const { pid } = this.#gateway;
    let [lastMs, lastCpuMs] = [performance.now(), cpuMs(pid)];
    let proportionalBytes = proportionalBytesOf(pid);
    for (let next = 1; !this.#isOver; next = Math.max(next + 1, Math.ceil(this.#seconds()))) {
      await pause(Math.max(0, (next - this.#seconds()) * 1000));
      try {
        const { clients, held } = await clientsOf(this.#gateway);
        if (next % proportionalEverySeconds === 0) proportionalBytes = proportionalBytesOf(pid);
        const [nowMs, nowCpuMs] = [performance.now(), cpuMs(pid)];
        const processors = (nowCpuMs - lastCpuMs) / (nowMs - lastMs);
        [lastMs, lastCpuMs] = [nowMs, nowCpuMs];
        const { residentBytes, descriptors, threads } = footprint(pid);
        this.samples.push({
          second: this.#seconds(),
          residentBytes,
          proportionalBytes,
          descriptors,
          threads,
          processors,
          clients,
          held,
          load: load(),
        });
      } catch (error) {
        if (!this.#isOver) this.#trouble(error);
      }
    }
  }
}

/** No client, all candidates known, and as many descriptors as there were, if that is given, or as many for a while. */
export async function untilAtRest(gateway: GatewayProcess, descriptors?: number): Promise<Rest> {
  const stillFor = 10;
  let [same, seen, rest] = [0, 0, restOf(gateway.pid)];
  await waitFor('the gateway to be at rest', async () => {
    // Before it is asked: that takes a descriptor, which may be closed a moment after the answer.
    const now = restOf(gateway.pid);
    same = now.descriptors === rest.descriptors ? same + 1 : 0;
    rest = now;
    seen = (await clientsOf(gateway)).clients;
    if (seen > 0) return false;
    // In the end a server may be on its way back for long, and no more than the rest is asked for.
    return descriptors === undefined ? knowsAll(gateway) && same >= stillFor : now.descriptors <= descriptors;
  }, {
    deadlineMs: settleMs,
    everyMs: 100,
    evidence: () =>
      `${seen} clients, ${rest.descriptors} descriptors, for ${same} looks the same; the log ends with\n` +
      gateway.log.slice(-5).map((line) => JSON.stringify(line)).join('\n'),
  }).catch((error) => {
    // More than there were is a finding, and no reason to stop.
    if (descriptors === undefined) throw error;
  });
  return rest;
}

function restOf(pid: number): Rest {
  return { ...footprint(pid), proportionalBytes: proportionalBytesOf(pid) };
}

/** Throws if it has ended. */
function footprint(pid: number): Omit<Rest, 'proportionalBytes'> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  // One that has ended and is not waited for yet has a status without memory.
  const figure = (name: string) => {
    const value = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1];
    if (value === undefined) throw new Error(`/proc/${pid}/status has no ${name}: the process has ended`);
    return Number(value);
  };
  return {
    residentBytes: figure('VmRSS') * 1024,
    threads: figure('Threads'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

function proportionalBytesOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? NaN) * 1024;
}

/** Of both ports, and those of them that wait for a server. */
async function clientsOf(
  gateway: GatewayProcess,
): Promise<{ readonly clients: number; readonly held: number }> {
  const figure = await figuresOf(gateway);
  return { clients: figure('connections_active'), held: figure('held') };
}

export async function countedOf(gateway: GatewayProcess): Promise<Counted> {
  const figure = await figuresOf(gateway);
  return {
    accepted: figure('connections_total'),
    holds: figure('holds_total'),
    cancels: figure('cancels_total'),
    bytes: figure('bytes_client_to_backend_total') + figure('bytes_backend_to_client_total'),
    refused: figure('refusals_total'),
  };
}

/** A metric, the sum over all of its labels. */
async function figuresOf(gateway: GatewayProcess): Promise<(name: string) => number> {
  const { body } = await gateway.get('/metrics');
  return (name) => {
    const found = [...body.matchAll(new RegExp(`^pg_gateway_${name}(?:{.*})? (\\S+)$`, 'gm'))];
    if (found.length === 0) throw new Error(`/metrics has no pg_gateway_${name}`);
    return found.reduce((sum, [, value]) => sum + Number(value), 0);
  };
}
