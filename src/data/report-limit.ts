/** Keeps what happens again and again from being reported each time: it is counted until a report is due. */
export class ReportLimit<Subject> {
  readonly #everyMs: number;
  readonly #subjects = new Map<Subject, { reported: number; count: number }>();

  /** There is one report in this time about each subject, and the first one at once. */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** It has happened; returns how often since the last report if the next one is due, or else 0. */
  due(subject: Subject, now: number): number {
    const seen = this.#subjects.get(subject) ?? { reported: -Infinity, count: 0 };
    this.#subjects.set(subject, seen);
    seen.count += 1;
    if (now - seen.reported < this.#everyMs) return 0;
    const { count } = seen;
    [seen.reported, seen.count] = [now, 0];
    return count;
  }
}
