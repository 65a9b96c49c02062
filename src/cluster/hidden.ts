/** What a server may hide from the probe is undefined: unknown, neither zero nor equal. Pure. */

/** Whether it is known to be older; one that is hidden is not. */
export function isOlder(timeline: number | undefined, than: number): boolean {
  return timeline !== undefined && timeline < than;
}

/** Whether both are the same as far as they are known: a right that comes or goes makes no other server. */
export function isSameOrHidden<T>(a: T | undefined, b: T | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** Reads after "on". */
export function timelineText(timeline: number | undefined): string {
  return timeline === undefined ? 'a timeline that it hides from the probe' : `timeline ${timeline}`;
}
