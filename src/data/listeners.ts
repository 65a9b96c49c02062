/** The ports where clients arrive. They are reported together, or as failed. */
import { type DataSettings, type Port, ports, type Report } from '../contract/messages.ts';
import type { Address, Handlers, Listener, Runtime } from '../runtime/runtime.ts';
import { socketOptions } from './socket-options.ts';

interface Wanted {
  readonly port: Port;
  readonly address: Address;
  /** A socket that listens already. */
  readonly descriptor: number | undefined;
  /** Beside the one that is told. */
  readonly isFurther: boolean;
}

export class Listeners {
  readonly #open: Listener[] = [];

  /** `handlersOf` gives the handlers of a port's clients, at a unix socket or not; `share` gets what `Listener.share` gives, 0 for nothing. */
  start<D>(
    runtime: Runtime,
    settings: DataSettings,
    handlersOf: (port: Port, isUnix: boolean) => Handlers<D>,
    report: (report: Report) => void,
    share: (port: Port, descriptor: number) => void,
  ): void {
    const { reusePort, backlog, keepAlive } = settings;
    const options = { ...socketOptions(keepAlive), backlog, reusePort };
    const all = wanted(settings);
    const bound: (Wanted & { readonly place: number; readonly listener: Listener })[] = [];
    let hasFailed = false;
    for (const [place, one] of all.entries()) {
      if (hasFailed) break;
      const { port, address, descriptor } = one;
      const handlers = handlersOf(port, 'path' in address);
      const opened = runtime.listen(address, { ...options, descriptor }, handlers, {
        listening: (listener) => {
          bound.push({ ...one, place, listener });
          if (bound.length < all.length) return;
          // One alone is never stopped from outside: its clients could go to no other. One that was there before is not ours alone.
          if (reusePort) {
            for (const { port, descriptor, isFurther, listener } of bound) {
              if (descriptor === undefined && !isFurther) share(port, listener.share?.() ?? 0);
            }
          }
          bound.sort((a, b) => a.place - b.place);
          const of = (port: Port) => bound.filter((one) => one.port === port).map(({ listener }) => listener);
          // Those that it has bound itself; a unix socket is not passed on.
          const fdsOf = (port: Port) =>
            bound.flatMap(({ listener, descriptor, ...one }) =>
              one.port === port && descriptor === undefined && !('path' in one.address)
                ? listener.descriptor ?? []
                : []
            );
          report({
            kind: 'listening',
            address: of('primary')[0]!.address,
            standby: of('standby')[0]?.address,
            sockets: { primary: fdsOf('primary'), standby: fdsOf('standby') },
            now: runtime.now(),
          });
        },
        failed: ({ code, message }) => {
          // First of all: who hears of it ends this thread, which descriptors outlive.
          hasFailed = true;
          this.close();
          report({ kind: 'listenFailed', port, address, code, message });
        },
      });
      this.#open.push(opened);
    }
  }

  /** Takes those that wait in the queues, then no more, and calls `done`. */
  drain(done: () => void): void {
    let left = this.#open.length;
    for (const listener of this.#open) {
      listener.drain(() => {
        left -= 1;
        if (left === 0) done();
      });
    }
  }

  close(): void {
    for (const listener of this.#open) listener.close();
  }
}

function wanted({ listen, listenStandby, alsoListen, sockets }: DataSettings): readonly Wanted[] {
  const addresses = { primary: listen, standby: listenStandby };
  const further = alsoListen.map((one) => ({ ...one, descriptor: undefined, isFurther: true }));
  const main = ports.flatMap((port): readonly Wanted[] => {
    const address = addresses[port];
    if (address === undefined) return [];
    if (sockets[port].length === 0) return [{ port, address, descriptor: undefined, isFurther: false }];
    return sockets[port].map((descriptor) => ({ port, address, descriptor, isFurther: false }));
  });
  // Those first, which are told.
  return [...main, ...further];
}
