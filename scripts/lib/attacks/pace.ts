/** How fast an attack goes. Pure. */

/** What was missed is not made good beyond this: a burst after a stall would be another attack. */
const mostLateMs = 50;

export class Pace {
  readonly #perSecond: number;
  #lastMs: number;
  /** Of a step. */
  #rest = 0;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#lastMs = nowMs;
  }

  /** How many steps are due since the last call. */
  due(nowMs: number): number {
    const passedMs = Math.min(nowMs - this.#lastMs, mostLateMs);
    this.#lastMs = nowMs;
    const steps = passedMs / 1000 * this.#perSecond + this.#rest;
    this.#rest = steps % 1;
    return Math.floor(steps);
  }
}
