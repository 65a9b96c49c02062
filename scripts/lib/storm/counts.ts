/** What happened how often, by its reason. Pure. */

/** By reason: an SQLSTATE, `refused`, `reset`, `closed`, `late`, `standby`. */
export type Counts = Readonly<Record<string, number>>;

export function countInto(counts: Record<string, number>, reason: string): void {
  counts[reason] = (counts[reason] ?? 0) + 1;
}

export function sumOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

export function merged(all: readonly Counts[]): Counts {
  const sum: Record<string, number> = {};
  for (const counts of all) {
    for (const [reason, count] of Object.entries(counts)) sum[reason] = (sum[reason] ?? 0) + count;
  }
  return sum;
}

/** The most frequent first; empty for none. */
export function inWords(counts: Counts): string {
  return Object.entries(counts).sort(([, a], [, b]) => b - a).map(([reason, count]) =>
    `${count.toLocaleString('en')} ${reason}`
  ).join(', ');
}
