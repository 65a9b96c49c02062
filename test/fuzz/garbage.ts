/** Lets the engine collect garbage, so that it sees what stays behind. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export function exposeCollection(): void {
  setFlagsFromString('--expose-gc');
  globalThis.gc = runInNewContext('gc');
}
