import type { Absence } from './cells.ts';
import type { Figures } from './metrics.ts';
import type { Sample } from './statistics.ts';

/** Some work, and the metrics that it gives. */
export interface Work {
  readonly what: string;
  readonly gives: readonly string[];
}

/** Collects the figures of a run, and what did not work: one failed step must not cost the others. */
export class Recorder {
  readonly samples: Sample[] = [];
  readonly absences: Absence[] = [];
  /** By round: the share of the machine that others took before it. */
  readonly takenByOthers: number[] = [];
  readonly skipped: string[];

  constructor(skipped: readonly string[]) {
    this.skipped = [...skipped];
  }

  add(round: number, target: string, figures: Figures): void {
    for (const [metric, value] of Object.entries(figures)) {
      if (typeof value === 'string') this.absent(target, [metric], value);
      else if (Number.isFinite(value)) this.samples.push({ round, target, metric, value });
    }
  }

  /** For a round that is done again. */
  forget(round: number, metrics: readonly string[]): void {
    const kept = this.samples.filter((sample) => sample.round !== round || !metrics.includes(sample.metric));
    this.samples.splice(0, this.samples.length, ...kept);
  }

  /** The first reason counts. */
  absent(target: string, metrics: readonly string[], why: string): void {
    for (const metric of metrics) {
      const isKnown = this.absences.some((known) => known.target === target && known.metric === metric);
      if (!isKnown) this.absences.push({ target, metric, why });
    }
  }

  /** Said once, however often it happens. */
  note(text: string): void {
    if (!this.skipped.includes(text)) this.skipped.push(text);
  }

  /** Does the work, once, and keeps its figures, or why there are none. */
  async measure(
    round: number,
    target: string,
    { what, gives }: Work,
    fn: () => Promise<Figures>,
  ): Promise<void> {
    try {
      this.add(round, target, await fn());
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.note(`${what}, ${target}: ${why}`);
      this.absent(target, gives, `failed: ${why}`);
    }
  }
}
