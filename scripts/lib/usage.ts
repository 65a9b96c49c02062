/** What the command lines of scripts have in common: mistakes that are told, numbers within bounds, lists of names. */

import { parseArgs, type ParseArgsConfig } from 'node:util';

/** A mistake on the command line; the message is for a person. */
export class UsageError extends Error {}

/** Undefined after a mistake, which is told then, with the help. */
export function attempt<T>(script: string, help: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${script}: ${error.message}\n\n${help.trimEnd()}`);
    return undefined;
  }
}

/** The values of the flags that were given, by name. Throws UsageError for others, and for words that are no flags. */
export function readFlags<const O extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: O,
): ReturnType<typeof parseArgs<{ args: string[]; options: O }>>['values'] {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** A whole number from `least` to `most`, or `fallback` if the flag was not given. Throws UsageError. */
export function readNumber(
  flag: string,
  text: string | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return fallback;
  const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`${flag} ${text} is not a whole number from ${least} to ${most}`);
}

/** Names with commas between, in the order of `known`; all of them if the flag was not given. Throws UsageError. */
export function readNames<T extends string>(
  flag: string,
  text: string | undefined,
  known: readonly T[],
): readonly T[] {
  if (text === undefined) return known;
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !known.some((one) => one === name));
  if (unknown !== undefined) {
    throw new UsageError(`${flag}: there is no "${unknown}"; there are ${known.join(', ')}`);
  }
  return known.filter((name) => wanted.includes(name));
}
