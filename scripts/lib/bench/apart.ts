/**
 * A core for a proxy alone. Where proxy, server and clients share cores, who runs when is the scheduler's choice, and that
 * changes what a transaction costs the proxy by more than the proxies differ. Bound apart they can be told from each other.
 */
import { withoutLast } from './cores.ts';
import { allowedCores, lastCore, pin, pinAlone } from './proc.ts';

/** Why that cannot be had on this machine; undefined: it can. */
export function cannotPart(): string | undefined {
  return withoutLast(allowedCores()) === undefined ? 'there is one core only' : undefined;
}

/** While `work` runs the last core is the proxy's, and the server and what this process starts have the others. */
export async function apart<T>(proxy: number, server: number, work: () => Promise<T>): Promise<T> {
  const cores = allowedCores();
  const place = (proxyCores: string, otherCores: string) => {
    pin(proxy, proxyCores);
    pin(server, otherCores);
    // Children inherit it.
    pinAlone(process.pid, otherCores);
  };
  try {
    place(lastCore(cores), withoutLast(cores) ?? cores);
    return await work();
  } finally {
    try {
      place(cores, cores);
    } catch {
      // One of them has ended.
      pinAlone(process.pid, cores);
    }
  }
}
