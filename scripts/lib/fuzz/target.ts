/** What is fuzzed: a function of bytes, and what it must never do. */
import { isDeepStrictEqual } from 'node:util';

/** Throws an Error, or rejects with one, where a promise of the program is broken; `pieces` are the bytes in several parts. */
export type Check = (bytes: Uint8Array, pieces: readonly Uint8Array[]) => void | Promise<void>;

export interface Target {
  readonly name: string;
  /** The sources that it is to reach, from the root of the repository: coverage is told of these. */
  readonly files: readonly string[];
  /** Good input, which is mutated. */
  readonly seeds: readonly Uint8Array[];
  /** What mutations put in. */
  readonly words: readonly (string | Uint8Array)[];
  /** How much of a number of inputs it gets, beside the others: those that need sockets are a thousand times slower. */
  readonly share: number;
  /** The longest input. */
  readonly mostBytes?: number;
  /** It needs Node: sockets are not the same elsewhere, and their adapters have tests of their own. */
  readonly isNodeOnly?: boolean;
  /** Makes one of its own instead of a mutation, where it is wanted: of `random`, from 0 up to 1. */
  readonly made?: (random: () => number) => Uint8Array;
  readonly check: Check;
  /** Frees what `check` has opened. */
  readonly close?: () => Promise<void>;
}

/** A promise of the program is broken; the message says which. */
export class Broken extends Error {}

export function must(isKept: boolean, promise: string): asserts isKept {
  if (!isKept) throw new Broken(promise);
}

/** They are the same to the last part. */
export function mustEqual(actual: unknown, expected: unknown, promise: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Broken(`${promise}: ${shown(actual)} is not ${shown(expected)}`);
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, value) => {
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
    return value instanceof Uint8Array ? Array.from(value) : value;
  }) ?? 'undefined';
}

type ErrorKind = abstract new (...args: never[]) => Error;

/** What `work` returns; undefined after one of the errors that are documented. Others are broken promises. */
export function attempted<T>(work: () => T, ...documented: readonly ErrorKind[]): T | undefined {
  try {
    return work();
  } catch (error) {
    if (documented.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

/** The text of bytes that may be none. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function bytesOfText(...texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}
