/** The control plane's own descriptors for the listening sockets of a worker, which it gave (`Listener.share`). */
import { at, type Counters } from '../contract/counters.ts';
import { ports } from '../contract/messages.ts';
import { closeShared } from '../runtime/linux/shared-listener.ts';

/** None where its engine does not show them. */
export function sharedBy(counters: Counters): number[] {
  return ports.map((port) => counters[at[`${port}Listener`]]!).filter((descriptor) => descriptor > 0);
}

/** Before the worker closes its own, so that the port is free then. */
export function closeListeners(counters: Counters): void {
  sharedBy(counters).forEach(closeShared);
  for (const port of ports) counters[at[`${port}Listener`]] = 0;
}
