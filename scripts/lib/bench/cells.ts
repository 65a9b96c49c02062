/** A figure, or why there is none: nothing that was not measured is left empty, and nothing reads as zero. Pure. */
import type { Spread } from './statistics.ts';

export interface Absent {
  readonly why: string;
}

export type Cell = Spread | Absent;

export function isMeasured(cell: Cell): cell is Spread {
  return 'median' in cell;
}

/** Why this target has no figure of this metric. */
export interface Absence extends Absent {
  readonly target: string;
  readonly metric: string;
}

/** Why there are no figures of a part. */
export const notAskedFor = '--only leaves it out';

export interface Known {
  readonly targets: readonly { readonly name: string; readonly absent: string | undefined }[];
  readonly absences: readonly Absence[];
}

export function whyAbsent({ targets, absences }: Known, metric: string, target: string): string {
  const ofAll = targets.find(({ name }) => name === target)?.absent;
  if (ofAll !== undefined) return ofAll;
  if (metric === 'addedUs' && target === 'direct') return 'what the others are compared with';
  const whyOf = (wanted: string, of: string) =>
    absences.find(({ metric, target }) => metric === wanted && target === of)?.why;
  if (metric !== 'addedUs') return whyOf(metric, target) ?? noFigure;
  // It is the difference of two.
  const direct = whyOf('roundTripUs', 'direct');
  return whyOf('roundTripUs', target) ?? (direct === undefined ? noFigure : `direct: ${direct}`);
}

const noFigure = 'it gave no figure';
