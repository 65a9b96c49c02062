/** What the small programs on drivers of Node have in common. Each runs in a process of its own and says lines. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** One function for each cell; it throws where something is not as it should be. */
export type Cells = Readonly<Record<string, () => Promise<void>>>;

/** Loads from the folder that scripts/compat has installed the drivers into. */
export const load = createRequire(`${process.env['COMPAT_PACKAGES']}/package.json`);

export const rows = 10_000;

/** The settings of libpq, for drivers that do not read them. */
export const place = {
  host: process.env['PGHOST'] ?? '127.0.0.1',
  port: Number(process.env['PGPORT']),
  user: process.env['PGUSER'] ?? 'postgres',
  database: process.env['PGDATABASE'] ?? 'postgres',
};

/** For the drivers' `ssl`. */
export const ssl = process.env['PGSSLMODE'] === 'verify-full'
  ? { ca: readFileSync(process.env['PGSSLROOTCERT'] ?? '', 'utf8'), rejectUnauthorized: true }
  : false;

export function say(word: string, text = ''): void {
  console.log(`${word} ${text}`.replaceAll('\n', ' ').trimEnd());
}

export function equal(found: unknown, expected: unknown, what: string): void {
  if (String(found) !== String(expected)) throw new Error(`${what}: ${found} instead of ${expected}`);
}

/** What it is rejected with, as people read it. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it succeeded although it could not');
}

export function textOf({ code, message }: { readonly code?: string; readonly message: string }): string {
  return code === undefined ? message : `${code} ${message}`;
}

/** Does what the command line names. */
export async function main(all: Cells): Promise<void> {
  try {
    await all[process.argv[2] ?? '']?.();
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}
