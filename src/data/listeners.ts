/** The ports where clients arrive. They are reported together, or as failed. */
import type { DataSettings, Port, Report } from '../contract/messages.ts';
import type { Handlers, Listener, Runtime } from '../runtime/runtime.ts';
import { socketOptions } from './socket-options.ts';

export class Listeners {
  readonly #open = new Map<Port, Listener>();

  /** `handlersOf` gives the handlers of a port's clients; `share` gets what `Listener.share` gives, 0 for nothing. */
  start<D>(
    runtime: Runtime,
    settings: DataSettings,
    handlersOf: (port: Port) => Handlers<D>,
    report: (report: Report) => void,
    share: (port: Port, descriptor: number) => void,
  ): void {
    const { listen, listenStandby, reusePort, backlog, keepAlive } = settings;
    const options = { ...socketOptions(keepAlive), backlog, reusePort };
    const bound = new Map<Port, Listener>();
    const wanted = [['primary', listen], ['standby', listenStandby]] as const;
    const ports = wanted.flatMap(([port, address]) => address ? [[port, address] as const] : []);
    let hasFailed = false;
    for (const [port, address] of ports) {
      if (hasFailed) break;
      const listener = runtime.listen(address, options, handlersOf(port), {
        listening: (listener) => {
          bound.set(port, listener);
          if (bound.size < ports.length) return;
          // One alone is never stopped from outside: its clients could go to no other.
          if (reusePort) bound.forEach((listener, port) => share(port, listener.share?.() ?? 0));
          const { address } = bound.get('primary')!;
          report({ kind: 'listening', address, standby: bound.get('standby')?.address, now: runtime.now() });
        },
        failed: ({ code, message }) => {
          // First of all: who hears of it ends this thread, which descriptors outlive.
          hasFailed = true;
          this.close();
          report({ kind: 'listenFailed', port, code, message });
        },
      });
      this.#open.set(port, listener);
    }
  }

  close(): void {
    for (const listener of this.#open.values()) listener.close();
  }
}
