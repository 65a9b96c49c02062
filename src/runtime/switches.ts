/**
 * Variables by which the Bun in an executable runs code that is not the program's, or opens a debugger, whose users can run
 * any. By then that code has run, for Bun reads them first; what can be kept from happening is that a gateway serves with one of
 * them, because it was set for another program. What Bun does with BUN_BE_BUN no program sees.
 */
import { isInBunExecutable } from './own-command.ts';

export const switches = [
  'BUN_OPTIONS',
  'BUN_INSPECT',
  'BUN_INSPECT_CONNECT_TO',
  'BUN_INSPECT_NOTIFY',
  'BUN_INSPECT_PRELOAD',
] as const;

/** Those of them that are set, if `entry`, which is argv[1], lies in an executable: from its sources a runtime is the user's own. */
export function foreignSwitches(
  env: Readonly<Record<string, string | undefined>>,
  entry: string,
): readonly string[] {
  return isInBunExecutable(entry) ? switches.filter((name) => env[name]) : [];
}
