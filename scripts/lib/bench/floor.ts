/** The floor: floor.c, built where there is a C compiler. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './children.ts';
import { versionOf } from './versions.ts';

const source = join(import.meta.dirname, 'floor.c');
const buildDeadlineMs = 60_000;

/** Where the relay is, once it is built. */
export function floorIn(folder: string): string {
  return join(folder, 'floor');
}

/** Undefined if it is there; or else why not, for a person. */
export async function buildFloor(folder: string): Promise<string | undefined> {
  if (versionOf('cc') === undefined) {
    return 'there is no C compiler: "apt-get install gcc libc6-dev" brings one';
  }
  try {
    await run(['cc', '-O2', '-o', floorIn(folder), source], buildDeadlineMs);
    return existsSync(floorIn(folder)) ? undefined : 'cc said nothing, and made nothing';
  } catch (error) {
    return `it could not be built: ${error instanceof Error ? error.message : error}`;
  }
}
