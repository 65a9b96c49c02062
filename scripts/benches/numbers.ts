/** Figures as people read them. Pure. */
import type { Metric } from './metrics.ts';
import type { Spread } from './statistics.ts';

/** In the metric's unit, with its digits and thin groups of three: 12,345. */
export function valueText(value: number, { digits }: Pick<Metric, 'digits'>): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function ratioText(value: number): string {
  return `${value.toFixed(2)}x`;
}

/** The median, and from where to where. */
export function spreadText({ min, median, max }: Spread, text: (value: number) => string): string {
  return `${text(median)} (${text(min)} to ${text(max)})`;
}
