/**
 * Rehearsals of a failover, so that a team knows what its clients do. The verdicts stay true: a drill changes the route alone.
 * `no-primary` withdraws it for a time, so newcomers wait and sessions go on; `fence` ends all sessions once, as for another
 * primary.
 */
export const drillKinds = ['no-primary', 'fence'] as const;

export type DrillKind = (typeof drillKinds)[number];

export const longestDrillMs = 300_000;

/** One that goes on; a fence is over at once. */
export interface Drill {
  readonly kind: DrillKind;
  /** In monotonic milliseconds. */
  readonly until: number;
}
