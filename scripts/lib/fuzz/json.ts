/** JSON that is nearly right: a good value of which a few parts are others. */
import { below, oneOf, type Random } from './mutate.ts';

const strange: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  0.5,
  1e14,
  -1e14,
  1e308,
  2 ** 53,
  '',
  'x',
  '0/0',
  'FFFFFFFF/FFFFFFFF',
  'NaN',
  '+275760-09-13T00:00:00.000Z',
  -9e13,
  '\u0000',
  '\u2028',
  '\ud800',
  [],
  {},
  [null],
  [[]],
  { toString: 1 },
  { toString: null, valueOf: null },
  { length: 1 },
  { __proto__x: 1 },
];

/** A few of its parts are strange, missing, twice there, or from another place in it. */
export function nearly(value: unknown, random: Random): unknown {
  let changed = structuredClone(value);
  for (let left = 1 + below(random, 3); left > 0; left--) changed = changedOnce(changed, value, random);
  return changed;
}

function changedOnce(value: unknown, whole: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.1) return other(whole, random);
  const keys = Object.keys(value);
  if (keys.length === 0) return other(whole, random);
  const key = oneOf(random, keys);
  const parts = value as Record<string, unknown>;
  if (random() < 0.1) {
    if (Array.isArray(value)) value.splice(Number(key), 1);
    else delete parts[key];
  } else if (random() < 0.05 && Array.isArray(value)) value.push(structuredClone(parts[key]));
  else if (random() < 0.05) {
    Object.defineProperty(value, '__proto__', {
      value: {},
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else parts[key] = changedOnce(parts[key], whole, random);
  return value;
}

function other(whole: unknown, random: Random): unknown {
  if (random() < 0.7) return structuredClone(oneOf(random, strange));
  let part = whole;
  for (let depth = below(random, 6); depth > 0 && typeof part === 'object' && part !== null; depth--) {
    part = oneOf(random, Object.values(part));
  }
  return structuredClone(part);
}
