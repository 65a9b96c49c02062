/** Asks all candidates who they are, side by side, so that a hung one delays nobody, and keeps what is known of each. */
import type { Candidate } from '../cluster/candidate.ts';
import { unobserved, withAnswer, withFailure } from '../cluster/observation.ts';
import type { Observation } from '../cluster/observation.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Asker } from './asker.ts';
import type { AskerOptions, AskerTools } from './asker.ts';
import type { Credentials } from './credentials.ts';
import { Discovery } from './discovery.ts';
import type { Lookup } from './discovery.ts';
import { openProbe } from './query.ts';

export interface ProberOptions extends AskerOptions {
  /** How long an address that was found for a name is used before it is looked up again. */
  readonly dnsTtlMs: number;
}

/** What tests replace. */
export interface ProberTools {
  readonly open?: AskerTools['open'] | undefined;
  readonly lookup?: Lookup | undefined;
  readonly random?: (() => number) | undefined;
}

/** All observations, in the order of the candidates, after each change of one. Must not throw. */
export type OnObservation = (observations: readonly Observation[]) => void;

export class Prober {
  #askers: readonly Asker[];
  #discovery: Discovery;
  #observations: readonly Observation[];

  constructor(
    candidates: readonly Candidate[],
    credentials: Credentials,
    options: ProberOptions,
    clock: Pick<Runtime, 'now' | 'after'>,
    onObservation: OnObservation,
    tools: ProberTools = {},
  ) {
    this.#observations = candidates.map(unobserved);
    const note = (place: number, change: (before: Observation) => Observation): void => {
      this.#observations = this.#observations.map((before, at) => at === place ? change(before) : before);
      onObservation(this.#observations);
    };
    const { dnsTtlMs, connectTimeoutMs: dnsTimeoutMs } = options;
    this.#discovery = new Discovery({ dnsTtlMs, dnsTimeoutMs, clock, lookup: tools.lookup });
    const askerTools: AskerTools = {
      clock,
      random: tools.random ?? Math.random,
      discovery: this.#discovery,
      open: tools.open ?? ((target, events) => openProbe(target, credentials, events)),
    };
    this.#askers = candidates.map((candidate, place) =>
      new Asker(candidate, options, askerTools, {
        answered: (answer) => note(place, (before) => withAnswer(before, answer)),
        failed: (failure) => note(place, (before) => withFailure(before, failure)),
        ended: () => this.probeNow(),
      })
    );
  }

  /** What is known now, in the order of the candidates. */
  get observations(): readonly Observation[] {
    return this.#observations;
  }

  /** Begins with all of them at once. Only once in the life of a prober. */
  start(): void {
    for (const asker of this.#askers) asker.start();
  }

  /** Leaves no timer and no socket, and reports nothing any more. For ever. */
  stop(): void {
    for (const asker of this.#askers) asker.stop();
    this.#discovery.stop();
  }

  /** The faster pace, for as long as there is no primary or one is suspected. */
  hurry(isHurried: boolean): void {
    for (const asker of this.#askers) asker.hurry(isHurried);
  }

  /** Asks everybody at once; whoever is being asked is asked again right after. Cheap to call often. */
  probeNow(): void {
    for (const asker of this.#askers) asker.askNow();
  }
}
