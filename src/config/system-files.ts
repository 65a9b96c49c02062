import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Files } from '../probe/files.ts';

/** Those of this machine. */
export const systemFiles: Files = {
  read: (path) => readFileSync(path, 'utf8'),
  list: (path) => readdirSync(path),
  // Windows has no such bits.
  mode: (path) => process.platform === 'win32' ? undefined : statSync(path).mode,
};
