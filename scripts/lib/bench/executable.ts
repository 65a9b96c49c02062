/** dist/pg_gateway, built anew where the sources are younger: nobody shall measure yesterday's program. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { run } from './children.ts';

const buildDeadlineMs = 180_000;

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The same where nothing can be done without it. */
export async function needExecutable(): Promise<void> {
  const why = await refreshExecutable();
  if (why !== undefined) throw new Error(`dist/pg_gateway: ${why}`);
}

/** Undefined if it is there and up to date; or else why not, for a person. */
export async function refreshExecutable(): Promise<string | undefined> {
  const file = join(root, 'dist/pg_gateway');
  if (existsSync(file) && statSync(file).mtimeMs > newestSource()) return undefined;
  console.error('building dist/pg_gateway');
  try {
    await run([join(root, 'scripts/build')], buildDeadlineMs);
    return undefined;
  } catch (error) {
    return `it could not be built: ${error instanceof Error ? error.message : error}`;
  }
}

function newestSource(): number {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map((name) =>
    `src/${name}`
  );
  const files = [...sources, 'package-lock.json'].map((name) => join(root, name));
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}
