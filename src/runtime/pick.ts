import { bunRuntime } from './bun.ts';
import { denoRuntime } from './deno.ts';
import { nodeRuntime } from './node.ts';
import type { Runtime } from './runtime.ts';

/**
 * The portable sockets of the runtime that runs the program: the one place that asks which it is. Synchronous, as no
 * adapter touches its runtime before it is called, and so all of them can be bundled together.
 */
export function pickRuntime(): Runtime {
  // Bun and Deno first: both also claim to be Node in `process.versions.node`.
  if ('Bun' in globalThis) return bunRuntime;
  if ('Deno' in globalThis) return denoRuntime;
  return nodeRuntime;
}
