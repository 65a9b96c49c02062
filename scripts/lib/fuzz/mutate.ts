/** Inputs made of good ones, the same for the same seed and index. Pure. */
import type { Target } from './target.ts';

export type Random = () => number;

/** From 0 up to 1, of two numbers (mulberry32 of their mixture). */
export function randomOf(seed: number, index: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function below(random: Random, count: number): number {
  return Math.floor(random() * count);
}

export function oneOf<T>(random: Random, values: readonly T[]): T {
  return values[below(random, values.length)]!;
}

const longest = 4096;
const most = { mutations: 6, inserted: 64, run: 300, random: 96 } as const;
const bytes = [0, 1, 0x0a, 0x0d, 0x16, 0x20, 0x22, 0x27, 0x2c, 0x3a, 0x3d, 0x5c, 0x7f, 0x80, 0xc3, 0xff];
const words = [
  0,
  1,
  3,
  4,
  5,
  7,
  8,
  9,
  255,
  256,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 5,
  2 ** 32 - 1,
];

export function inputOf(
  target: Target,
  kept: readonly Uint8Array[],
  seed: number,
  index: number,
): Uint8Array {
  const random = randomOf(seed, index);
  if (target.made !== undefined && random() < 0.5) return target.made(random);
  const seeds = [...target.seeds, ...kept];
  let input = random() < 0.05 ? noise(random, most.random) : oneOf(random, seeds);
  for (let left = below(random, most.mutations + 1); left > 0; left--) {
    input = mutated(input, target, seeds, random);
  }
  return input.subarray(0, target.mostBytes ?? longest);
}

function noise(random: Random, count: number): Uint8Array {
  return Uint8Array.from({ length: below(random, count) }, () => below(random, 256));
}

function mutated(
  input: Uint8Array,
  target: Target,
  seeds: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  const at = below(random, input.length + 1);
  const to = Math.min(input.length, at + 1 + below(random, random() < 0.8 ? 8 : input.length + 1));
  const replaced = (by: Uint8Array, from: number, until: number) =>
    joined(input.subarray(0, from), by, input.subarray(until));
  switch (below(random, 12)) {
    case 0:
      return at === input.length
        ? input
        : replaced(Uint8Array.of(input[at]! ^ (1 << below(random, 8))), at, at + 1);
    case 1:
      return replaced(Uint8Array.of(oneOf(random, bytes)), at, Math.min(input.length, at + 1));
    case 2:
      return replaced(word(oneOf(random, words)), at, Math.min(input.length, at + 4));
    case 3:
      return replaced(new Uint8Array(0), at, to);
    case 4:
      return replaced(input.subarray(at, to), to, to);
    case 5:
      return replaced(noise(random, most.inserted), at, at);
    case 6:
    case 7:
      return target.words.length === 0
        ? input
        : replaced(asBytes(oneOf(random, target.words)), at, random() < 0.5 ? at : to);
    case 8:
      return joined(input, oneOf(random, seeds));
    case 9: {
      const other = oneOf(random, seeds);
      return joined(input.subarray(0, at), other.subarray(below(random, other.length + 1)));
    }
    case 10:
      return input.subarray(0, at);
    default:
      return replaced(new Uint8Array(below(random, most.run)).fill(oneOf(random, bytes)), at, at);
  }
}

/** The same bytes in parts, which may be empty or of one byte each. */
export function piecesOf(input: Uint8Array, random: Random): readonly Uint8Array[] {
  // What is read anew with each piece would take as long as the square of a long input.
  const least = Math.ceil(input.length / 200);
  const largest = Math.max(least, oneOf(random, [1, 2, 7, 64, input.length + 1]));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < input.length;) {
    const length = largest === 1 ? 1 : below(random, largest + 1);
    pieces.push(input.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

export function asBytes(word: string | Uint8Array): Uint8Array {
  return typeof word === 'string' ? new TextEncoder().encode(word) : word;
}

function word(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
