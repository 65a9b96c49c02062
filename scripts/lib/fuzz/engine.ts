/** Runs a target over many inputs, and finds the smallest one that breaks it. */
import { inputOf, piecesOf, randomOf } from './mutate.ts';
import type { Target } from './target.ts';

/** One input may take so much of a processor: a thousand times what the slowest good one takes. */
const mostCpuMs = 1_000;
/** What may stay behind of all inputs together, after a collection of garbage. */
const mostGrowthBytes = 32 * 1024 * 1024;
const shrinkMs = 5_000;

export interface Failure {
  readonly seed: number;
  readonly index: number;
  readonly input: Uint8Array;
  readonly error: Error;
}

export interface Outcome {
  readonly runs: number;
  readonly ms: number;
  readonly failure: Failure | undefined;
}

export interface Range {
  readonly seed: number;
  readonly first: number;
  readonly runs: number;
  /** Ends sooner than after all runs. */
  readonly untilMs?: number;
}

/** `kept` are further seeds; `onInput` is told the index before each. */
export async function fuzz(
  target: Target,
  kept: readonly Uint8Array[],
  { seed, first, runs, untilMs = Infinity }: Range,
  onInput: (index: number) => void = () => {},
): Promise<Outcome> {
  const startedAt = performance.now();
  const before = await bytesInUse();
  let index = first;
  for (; index < first + runs && performance.now() - startedAt < untilMs; index++) {
    onInput(index);
    const input = inputOf(target, kept, seed, index);
    const error = await errorOf(target, input, seed, index);
    if (error !== undefined) {
      const smaller = await shrunk(target, input, seed, index);
      return {
        runs: index + 1 - first,
        ms: performance.now() - startedAt,
        failure: { seed, index, ...smaller ?? { input, error } },
      };
    }
    // Sockets of the runtime, and timers, have to get their turn.
    if (index % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await target.close?.();
  const growth = (await bytesInUse()) - before;
  const ms = performance.now() - startedAt;
  const error = new Error(`${growth} bytes stay behind after ${runs} inputs`);
  // Without a collection garbage would count, too.
  const failure = globalThis.gc !== undefined && growth > mostGrowthBytes
    ? { seed, index: first, input: new Uint8Array(0), error }
    : undefined;
  return { runs: index - first, ms, failure };
}

/** What one input breaks, if anything. */
export async function errorOf(
  target: Target,
  input: Uint8Array,
  seed: number,
  index: number,
): Promise<Error | undefined> {
  const pieces = piecesOf(input, randomOf(~seed, index));
  try {
    const startedAt = performance.now();
    const waits = target.check(input, pieces);
    if (waits !== undefined) await waits;
    else if (performance.now() - startedAt > mostCpuMs) return slowness(target, input, pieces);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(`it throws ${String(error)}`);
  }
}

/** Of one that was slow, perhaps because the machine is busy. */
function slowness(target: Target, input: Uint8Array, pieces: readonly Uint8Array[]): Error | undefined {
  const before = process.cpuUsage();
  void target.check(input, pieces);
  const { user } = process.cpuUsage(before);
  return user / 1000 > mostCpuMs
    ? new Error(`it takes ${Math.round(user / 1000)} ms of a processor`)
    : undefined;
}

/** The same kind of error from less bytes. */
async function shrunk(
  target: Target,
  input: Uint8Array,
  seed: number,
  index: number,
): Promise<{ readonly input: Uint8Array; readonly error: Error } | undefined> {
  const startedAt = performance.now();
  let best: { input: Uint8Array; error: Error } | undefined;
  let current = input;
  for (let size = current.length >> 1; size > 0 && performance.now() - startedAt < shrinkMs;) {
    let isSmaller = false;
    for (let at = 0; at < current.length && performance.now() - startedAt < shrinkMs;) {
      const less = Uint8Array.from([...current.subarray(0, at), ...current.subarray(at + size)]);
      const error = await errorOf(target, less, seed, index);
      if (error === undefined) at += size;
      else {
        best = { input: less, error };
        current = less;
        isSmaller = true;
      }
    }
    if (!isSmaller || size > 1) size >>= 1;
  }
  return best;
}

/** Buffers are freed some steps after the collection that found them. */
async function bytesInUse(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
