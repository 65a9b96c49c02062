/** What a service manager is told of the life of this program. */
import type { Verdict } from '../cluster/election.ts';
import { type Counters, total } from '../contract/counters.ts';
import { longestSilenceMs, type WorkerState } from '../control/worker-watch.ts';

export interface ServiceState {
  readonly primary: string | undefined;
  readonly sessions: number;
  readonly held: number;
  /** How long the worker that is silent for longest has been so. */
  readonly workerSilentMs: number;
}

export interface ServiceWatcher {
  reloading(): void;
  /** The reload is over, well or not. */
  ready(): void;
  /** Every second; `now` is in milliseconds. */
  alive(state: ServiceState, now: number): void;
}

export function serviceState(
  verdict: Verdict | undefined,
  { counters, workers }: { readonly counters: readonly Counters[]; readonly workers: readonly WorkerState[] },
): ServiceState {
  return {
    primary: verdict?.primary?.candidate.name,
    sessions: total(counters, 'active'),
    held: total(counters, 'held'),
    workerSilentMs: longestSilenceMs(workers),
  };
}
