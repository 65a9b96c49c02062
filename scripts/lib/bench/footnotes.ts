/** Why cells of a table are empty, each reason once: a column has no room for it. Pure. */
import { isMeasured } from './cells.ts';
import type { Row } from './results.ts';

/** In the order in which a reader meets them. */
export function reasonsIn(rows: readonly Row[]): string[] {
  return [
    ...new Set(rows.flatMap(({ cells }) => cells.flatMap((cell) => isMeasured(cell) ? [] : [cell.why]))),
  ];
}

/** `[1]` for the first of them. */
export function markOf(why: string, reasons: readonly string[]): string {
  return `[${reasons.indexOf(why) + 1}]`;
}
