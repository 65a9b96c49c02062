/** The process that has all clients of a storm. */
import { fileURLToPath } from 'node:url';
import { type Child, lineOf, start } from '../bench/children.ts';
import type { Place } from './client.ts';
import type { Counts } from './counts.ts';

export interface CrowdPlan {
  readonly places: readonly Place[];
  readonly count: number;
  readonly seed: number;
  readonly askEveryMs: number;
  readonly patienceMs: number;
}

export interface CrowdReport {
  /** When each client was served, by the clock of `monotonicMs`, in that order; fewer than clients: the others never were. */
  readonly servedAtMs: readonly number[];
  readonly broken: Counts;
  readonly notConnected: Counts;
  readonly notWritten: Counts;
}

export interface Crowd {
  /** From now on who is served by the server at `port` counts. */
  expect(port: number): void;
  /** Resolves when all were served, or at the deadline. */
  report(): Promise<CrowdReport>;
  end(): Promise<void>;
}

const openDeadlineMs = 120_000;
const stormDeadlineMs = 90_000;

/** Resolves once all clients are logged in and have written. Whoever starts it ends it. */
export async function startCrowd(plan: CrowdPlan): Promise<Crowd> {
  const script = fileURLToPath(new URL('./crowd-process.ts', import.meta.url));
  const child: Child = await start([process.execPath, script, JSON.stringify(plan)]);
  try {
    await lineOf(child, 0, openDeadlineMs);
  } catch (error) {
    await child.end();
    throw new Error(`${plan.count} clients could not all log in: ${(error as Error).message}`);
  }
  return {
    expect: (port) => child.tell(`storm ${port}\n`),
    report: async () => {
      const all = lineOf(child, 1, stormDeadlineMs).catch(() => {
        child.tell('end\n');
        return lineOf(child, 1, 10_000);
      });
      return await all as unknown as CrowdReport;
    },
    end: () => child.end(),
  };
}
