/**
 * Calls a function of the program around a gateway once the gateway's own work is done. What it throws is an uncaught error of
 * that program, as from a timer of its own; the gateway goes on.
 */
export function later(call: () => void): void {
  queueMicrotask(call);
}
