/** Inputs that once broke something, or reach what mutations seldom reach: small files, which the tests feed first. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const keptFolder = join(import.meta.dirname, '../../../test/fuzz/seeds');

export interface KeptInput {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** In the order of their names. */
export function keptOf(target: string, folder = keptFolder): readonly KeptInput[] {
  const of = join(folder, target);
  if (!existsSync(of)) return [];
  return readdirSync(of).sort().map((file) => ({
    file,
    bytes: new Uint8Array(readFileSync(join(of, file))),
  }));
}

/** Returns its path. */
export function keep(target: string, input: Uint8Array, folder = keptFolder): string {
  const of = join(folder, target);
  mkdirSync(of, { recursive: true });
  const path = join(of, `${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`);
  writeFileSync(path, input);
  return path;
}
