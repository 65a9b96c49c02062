/** What clients were told about their writes, and what follows from it. Pure. */

/** One insert of a row that has its own id. Times in milliseconds since 1970. */
export interface Write {
  readonly id: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Who took it, if the client was told that it is done. Without it, it may or may not be. */
  readonly taken?: { readonly server: string; readonly timeline: number };
  /** Or else the SQLSTATE or the driver's word for what happened. */
  readonly error?: string;
}

export interface Verdict {
  /** Acknowledged, and not in the table in the end. */
  readonly lost: readonly Write[];
  /** Acknowledged by a primary after a client had been told of a newer one, or by two on one timeline. */
  readonly doubles: readonly Write[];
}

export function judge(writes: readonly Write[], kept: ReadonlySet<number>): Verdict {
  const acknowledged = writes.filter(({ taken }) => taken !== undefined);
  return {
    lost: acknowledged.filter(({ id }) => !kept.has(id)),
    doubles: [...new Set([...outdated(acknowledged), ...rivals(acknowledged)])],
  };
}

/** Taken on an older timeline although it began after a write on a newer one had been acknowledged. */
function outdated(acknowledged: readonly Write[]): Write[] {
  const byEnd = acknowledged.toSorted((a, b) => a.endMs - b.endMs);
  const byStart = acknowledged.toSorted((a, b) => a.startMs - b.startMs);
  let [newest, next] = [0, 0];
  return byStart.filter((write) => {
    for (let told = byEnd[next]; told && told.endMs < write.startMs; told = byEnd[++next]) {
      newest = Math.max(newest, told.taken?.timeline ?? 0);
    }
    return (write.taken?.timeline ?? 0) < newest;
  });
}

/** A timeline belongs to one server: taken by another than the first that took one on it. */
function rivals(acknowledged: readonly Write[]): Write[] {
  const owners = new Map<number, string>();
  return acknowledged.toSorted((a, b) => a.endMs - b.endMs).filter(({ taken }) => {
    if (!taken) return false;
    const owner = owners.get(taken.timeline) ?? taken.server;
    owners.set(taken.timeline, owner);
    return owner !== taken.server;
  });
}

/** The longest time between two acknowledgements, of whichever clients, while `fromMs` to `toMs` passed. */
export function longestGap(writes: readonly Write[], fromMs: number, toMs: number): number {
  const ends = writes.filter(({ taken }) => taken !== undefined).map(({ endMs }) => endMs).sort((a, b) =>
    a - b
  );
  const before = ends.findLast((end) => end <= fromMs) ?? fromMs;
  const times = [before, ...ends.filter((end) => end > fromMs && end <= toMs), toMs];
  return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
}

/** How often clients saw which error while `fromMs` to `toMs` passed. */
export function errorsIn(writes: readonly Write[], fromMs: number, toMs: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { error, endMs } of writes) {
    if (error === undefined || endMs < fromMs || endMs > toMs) continue;
    counts[error] = (counts[error] ?? 0) + 1;
  }
  return counts;
}
