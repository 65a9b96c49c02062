import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { openFileLimit } from './proc.ts';
import type { Machine } from './results.ts';

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
