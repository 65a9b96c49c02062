import type { Outcome } from './junit.ts';

interface Entry extends Outcome {
  readonly stage: string;
  readonly file: string;
}

/** Counts outcomes and writes the last lines of a run. */
export class Tally {
  readonly #entries: Entry[] = [];

  add(stage: string, file: string, outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) this.#entries.push({ ...outcome, stage, file });
  }

  get hasFailed(): boolean {
    return this.#entries.some(({ state }) => state === 'failed');
  }

  /** `N passed, N failed`, with `, N skipped` if there are any: of all, of a stage, of a file. */
  line(stage?: string, file?: string): string {
    const of = (state: Outcome['state']): number =>
      this.#entries.filter((entry) =>
        entry.state === state && (stage === undefined || entry.stage === stage) &&
        (file === undefined || entry.file === file)
      ).length;
    const skipped = of('skipped');
    return `${of('passed')} passed, ${of('failed')} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
  }

  /** What was skipped, why, what failed, and the line of all. */
  summary(): string {
    const skipped = this.#entries.filter(({ state }) => state === 'skipped').map((entry) =>
      `  ${where(entry)}: ${this.#reason(entry)}`
    );
    const failed = this.#entries.filter(({ state }) => state === 'failed').map((entry) =>
      `  ${where(entry)}: ${entry.detail.split('\n', 1)[0]}`
    );
    return [
      ...(skipped.length === 0 ? [] : ['', 'Skipped:', ...skipped]),
      ...(failed.length === 0 ? [] : ['', 'Failed:', ...failed]),
      '',
      this.line(),
    ].join('\n');
  }

  /** Only Node tells why a test is skipped; the same test on another runtime is skipped for the same reason. */
  #reason({ file, name, detail }: Entry): string {
    if (detail !== '') return detail;
    const told = this.#entries.find((other) =>
      other.file === file && other.name === name && other.state === 'skipped' && other.detail !== ''
    );
    return told?.detail ?? 'this runner does not tell the reason';
  }
}

function where({ stage, file, name }: Entry): string {
  return `${stage} ${file}: ${name}`;
}
