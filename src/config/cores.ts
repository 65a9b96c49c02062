/** How much processor there is for this process, which in a container is less than the machine has. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { sharesPorts } from '../runtime/shared-ports.ts';

/** Processors, at least 1; a share of one counts as a whole one. Runtimes do not all look at the quota of a cgroup. */
export function availableCores(read: (path: string) => string = readText): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cgroupQuota(read))));
}

/**
 * How many threads pump bytes by default: half of the processors, because the other half is needed by the
 * kernel and the probe, and no more than four. One is enough for tens of thousands of transactions a second, and
 * each takes some ten MiB. Only Linux spreads connections over listeners that share a port, and not every
 * runtime can share one.
 */
export function defaultWorkers(
  cores: number,
  platform: string = process.platform,
  isShared: boolean = sharesPorts(),
): number {
  return platform === 'linux' && isShared ? Math.min(4, Math.max(1, Math.floor(cores / 2))) : 1;
}

/** cpu.max and cpu.cfs_quota_us (cgroup v2 and v1 of the kernel's documentation), as a container sees its own. */
function cgroupQuota(read: (path: string) => string): number {
  const v2 = /^(\d+) (\d+)/.exec(read('/sys/fs/cgroup/cpu.max'));
  if (v2) return Number(v2[1]) / Number(v2[2]);
  const quota = Number(read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'));
  const period = Number(read('/sys/fs/cgroup/cpu/cpu.cfs_period_us'));
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
