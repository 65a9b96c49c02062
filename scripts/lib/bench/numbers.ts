/** Figures as people read them. Pure. */
import type { Metric } from './metrics.ts';
import type { Spread } from './statistics.ts';

/** Few enough to read, enough to tell most figures from their bound. */
const mostDigits = 5;

/** In the metric's unit, with its digits and thin groups of three: 12,345. `bound` as in `ratioText`. */
export function valueText(value: number, { digits }: Pick<Metric, 'digits'>, bound?: number): string {
  const text = value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  if (bound === undefined || value === bound || digits >= mostDigits) return text;
  return text === valueText(bound, { digits }) ? valueText(value, { digits: digits + 1 }, bound) : text;
}

/** With more digits where fewer would hide on which side of `bound` it lies. */
export function ratioText(value: number, bound = 1): string {
  return `${valueText(value, { digits: 2 }, bound)}x`;
}

/** The median, and from where to where. */
export function spreadText(spread: Spread, text: (value: number) => string): string {
  const range = spread.count === 1 ? '' : ` (${rangeText(spread, text)})`;
  return `${text(spread.median)}${range}`;
}

/** From where to where; one measurement has no range. */
export function rangeText({ min, max, count }: Spread, text: (value: number) => string): string {
  if (count === 1) return 'once';
  return text(min) === text(max) ? 'each time' : `${text(min)} to ${text(max)}`;
}
