import type { Sample } from './statistics.ts';

/** Collects the figures of a run, and what did not work: one failed step must not cost the others. */
export class Recorder {
  readonly samples: Sample[] = [];
  readonly skipped: string[];

  constructor(skipped: readonly string[]) {
    this.skipped = [...skipped];
  }

  add(round: number, target: string, figures: Readonly<Record<string, number>>): void {
    for (const [metric, value] of Object.entries(figures)) {
      if (Number.isFinite(value)) this.samples.push({ round, target, metric, value });
    }
  }

  /** Said once, however often it happens. */
  note(text: string): void {
    if (!this.skipped.includes(text)) this.skipped.push(text);
  }

  async attempt<T>(what: string, fn: () => Promise<T>): Promise<T | undefined> {
    try {
      return await fn();
    } catch (error) {
      this.note(`${what}: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }
}
