/**
 * Numbers with a unit, as PostgreSQL's own settings have them (`10s`, `16MB`; "Numeric with Unit" in its chapter on setting
 * parameters), in any case of letters. A number without a unit is in the unit of the setting's name.
 */
const durations = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Multiples of 1024, kB too. */
const sizes = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, tb: 1024 ** 4 } as const;

const units = { ...durations, ...sizes } as const;

export type Unit = 'us' | 'ms' | 's' | 'bytes';

/** What may stand behind a number, for messages. */
export const unitNames: Readonly<Record<Unit, string>> = {
  us: 'us, ms, s',
  ms: 'ms, s, min, h, d',
  s: 'ms, s, min, h, d',
  bytes: 'B, kB, MB, GB, TB',
};

/** The number in `unit`: `10s` is 10000 in ms; NaN if it is none, or if it is of another kind. */
export function numberIn(unit: Unit, text: string): number {
  const [, digits, suffix] = /^([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([a-z]*)$/i.exec(text) ?? [];
  if (digits === undefined || suffix === undefined) return NaN;
  if (suffix === '') return Number(digits);
  const [known, base] = unit === 'bytes' ? [sizes, 1] : [durations, durations[unit]];
  const name = suffix.toLowerCase();
  if (!Object.hasOwn(known, name)) return NaN;
  return Number((Number(digits) * units[name as keyof typeof units] / base).toPrecision(15));
}
