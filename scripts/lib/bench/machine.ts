import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { openFileLimit } from './proc.ts';
import type { Machine } from './results.ts';

/** Jiffies of all processors since the start: those at work, those taken by other machines of the host, and all. */
function jiffies(): { work: number; stolen: number; all: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, stolen = 0] = line.split(
    /\s+/,
  ).slice(1)
    .map(Number);
  const work = user + nice + system + irq + soft;
  return { work, stolen, all: work + idle + wait + stolen };
}

/** Share of all processors that is taken, by whomever, in the next half second: before a round, while all wait. */
export async function busyShare(): Promise<number> {
  const before = jiffies();
  await sleep(500);
  const after = jiffies();
  const taken = after.work + after.stolen - before.work - before.stolen;
  return taken / Math.max(1, after.all - before.all);
}

export function load(): number {
  return Number((loadavg()[0] ?? 0).toFixed(2));
}

export function describeMachine(loadBefore: number): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpuModel(),
    kernel: release(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    openFiles: openFileLimit(),
    loadBefore,
    loadAfter: load(),
  };
}

/** Node knows it on most machines; on some ARM ones only the kernel's number of the part is there. */
function cpuModel(): string {
  const model = cpus()[0]?.model.trim();
  if (model && model !== 'unknown') return model;
  return /^(?:model name|CPU part)\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ??
    'unknown';
}
