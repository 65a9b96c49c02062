/** Figures as people read them. Pure. */
import type { Metric } from './metrics.ts';
import type { Spread } from './statistics.ts';

/** In the metric's unit, with its digits and thin groups of three: 12,345. */
export function valueText(value: number, { digits }: Pick<Metric, 'digits'>): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** With a digit more where 1.00x would hide on which side of 1 it lies. */
export function ratioText(value: number): string {
  const text = value.toFixed(2);
  return `${text === '1.00' && value !== 1 ? value.toFixed(3) : text}x`;
}

/** The median, and from where to where. */
export function spreadText({ min, median, max }: Spread, text: (value: number) => string): string {
  return `${text(median)} (${text(min)} to ${text(max)})`;
}
