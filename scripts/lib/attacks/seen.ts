/** What good clients saw at one place. Pure. */

/** What happens to all of them needs not be told a thousand times. */
const mostTold = 5;

export interface Sight {
  /** Of each question, in milliseconds. */
  readonly askedMs: readonly number[];
  /** Of each connection, from connecting to the first answer, in milliseconds. */
  readonly connectedMs: readonly number[];
  readonly errors: number;
  /** The first of them. */
  readonly told: readonly string[];
}

export class Seen implements Sight {
  readonly askedMs: number[] = [];
  readonly connectedMs: number[] = [];
  errors = 0;
  readonly told: string[] = [];

  /**
   * A question that was asked every `everyMs`, and answered after `ms`. While one waits the next ones cannot be asked: they would have
   * waited for the rest of it, and count as if they had, as in HdrHistogram. Otherwise a stall would be one question among thousands.
   */
  answered(ms: number, everyMs: number): void {
    for (let left = ms; left > 0; left -= everyMs) this.askedMs.push(inMicroseconds(left));
  }

  connected(ms: number): void {
    this.connectedMs.push(inMicroseconds(ms));
  }

  failed(error: unknown): void {
    this.errors++;
    if (this.told.length < mostTold) this.told.push(error instanceof Error ? error.message : String(error));
  }
}

/** Of several slices. */
export function together(sights: readonly Sight[]): Sight {
  return {
    askedMs: sights.flatMap(({ askedMs }) => askedMs),
    connectedMs: sights.flatMap(({ connectedMs }) => connectedMs),
    errors: sights.reduce((sum, { errors }) => sum + errors, 0),
    told: sights.flatMap(({ told }) => told).slice(0, mostTold),
  };
}

function inMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
