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

  answered(ms: number): void {
    this.askedMs.push(inMicroseconds(ms));
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
