import { nodeRuntime } from './node.ts';
import type { Runtime } from './runtime.ts';

/**
 * Deno through its node:net: Deno's own `TcpConn` is promises all the way, has no RST and no keep-alive delay, and
 * cannot give up a connect; its node:net keeps the whole contract.
 */
export const denoRuntime: Runtime = { ...nodeRuntime, name: 'deno' };
