/** The ports where clients arrive. They are reported together, or as failed. */
import type { DataSettings, Port, Report } from '../contract/messages.ts';
import type { Address, Handlers, Listener, Runtime } from '../runtime/runtime.ts';
import { socketOptions } from './socket-options.ts';

export class Listeners {
  readonly #open = new Map<Port, Listener>();

  /** `handlersOf` gives the handlers of a port's clients. */
  start<D>(
    runtime: Runtime,
    settings: DataSettings,
    handlersOf: (port: Port) => Handlers<D>,
    report: (report: Report) => void,
  ): void {
    const { listen, listenStandby, reusePort, backlog, keepAlive } = settings;
    const options = { ...socketOptions(keepAlive), backlog, reusePort };
    const bound = new Map<Port, Address>();
    const wanted = [['primary', listen], ['standby', listenStandby]] as const;
    const ports = wanted.flatMap(([port, address]) => address ? [[port, address] as const] : []);
    for (const [port, address] of ports) {
      const listener = runtime.listen(address, options, handlersOf(port), {
        listening: ({ address }) => {
          bound.set(port, address);
          if (bound.size < ports.length) return;
          const now = runtime.now();
          report({ kind: 'listening', address: bound.get('primary')!, standby: bound.get('standby'), now });
        },
        failed: ({ code, message }) => report({ kind: 'listenFailed', port, code, message }),
      });
      this.#open.set(port, listener);
    }
  }

  /** Takes those that wait in the queues, and no more. */
  drain(): void {
    for (const listener of this.#open.values()) listener.drain();
  }

  close(): void {
    for (const listener of this.#open.values()) listener.close();
  }
}
