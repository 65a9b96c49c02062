/** The data plane in a thread of its own: a thin shell around `DataPlane`. An entry point of the build. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { onWake } from '../runtime/linux/waker.ts';
import { openNative } from '../runtime/linux/native.ts';
import { pickRuntime } from '../runtime/pick.ts';
import { AddressTable } from './address-table.ts';
import { DataPlane } from './data-plane.ts';
import { at, beatMs, countersOver } from '../contract/counters.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Command, DataSettings, Report } from '../contract/messages.ts';

/** What a worker is started with. */
export interface WorkerData {
  readonly settings: DataSettings;
  /** The memory of the counters of all workers, shared; its own are number `index`. */
  readonly counters: readonly ArrayBufferLike[];
  readonly index: number;
  /** The memory of the table of client addresses, shared. */
  readonly addresses: SharedArrayBuffer;
  /** The control plane's clock when it started this thread, whose own began at another moment. */
  readonly controlNow: number;
  /**
   * Commands come and reports go here. A port of its own: Deno's `receiveMessageOnPort` does not take `parentPort`.
   */
  readonly port: MessagePort;
  /** The native engine, and the eventfd that wakes it; undefined: the portable one. */
  readonly waker: number | undefined;
}

if (parentPort === null) throw new Error('worker.ts is the entry of a worker thread, not of the program');

/** Without these a worker serves on as it is. Above what runs: the native engine does not come back from there. */
const dispensable: readonly Command['kind'][] = ['settings', 'list', 'kill'];

const { settings, counters, index, addresses, controlNow, port, waker } = workerData as WorkerData;
const slabs = counters.map(countersOver);
const { now } = pickRuntime();
const aheadMs = controlNow - now();
const addressTable = new AddressTable(addresses, slabs.length, index, () => now() + aheadMs);
if (waker === undefined) runPortable();
else runNative(waker);

function runPortable(): void {
  const report = (report: Report): void => port.postMessage(report);
  const dataPlane = new DataPlane(pickRuntime(), settings, slabs, index, addressTable, report);
  const die = (error: unknown): void => {
    process.removeAllListeners('uncaughtException');
    setImmediate(() => {
      throw error;
    });
  };
  port.on('message', (command: Command) => obey(dataPlane, command, die));
  // For what is thrown in a runtime's sockets rather than in our handlers: this thread has other sessions, too.
  for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(name, (error) => dataPlane.faulted(name, error));
  }
  dataPlane.start();
  beat(pickRuntime());
}

/**
 * What goes wrong for one session is that session's end. Where a command itself fails, this thread would keep clients where
 * they must not be: it dies with all of them, and another takes its place.
 */
function obey(dataPlane: DataPlane, command: Command, die: (error: unknown) => void): void {
  try {
    dataPlane.command(command);
  } catch (error) {
    dataPlane.faulted(command.kind, error);
    if (!dispensable.includes(command.kind)) die(error);
  }
}

/** Tells the control plane that this loop turns. */
function beat(runtime: Runtime): void {
  slabs[index]![at.beats]! += 1;
  slabs[index]![at.clock] = Math.floor(runtime.now());
  runtime.after(beatMs, () => beat(runtime));
}

/** Returns when there is nothing more to do; until then this thread gives no event loop a turn. */
function runNative(waker: number): void {
  const report = (report: Report): void => {
    port.postMessage(report);
    if (report.kind === 'stopped' || report.kind === 'listenFailed') runtime.poller.stop();
  };
  const runtime = openNative(
    (why) => report({ kind: 'exhausted', why }),
    settings.spinMs,
  );
  const { poller } = runtime;
  const dataPlane = new DataPlane(runtime, settings, slabs, index, addressTable, report);
  let broken: { readonly by: unknown } | undefined;
  const die = (error: unknown): void => {
    broken = { by: error };
    poller.stop();
  };
  // Whoever ends this thread in it, and however: descriptors, and the clients behind them, would outlive it.
  process.on('exit', () => poller.closeAll());
  poller.faulted = (error) => dataPlane.faulted('loop', error);
  poller.later(() => {
    dataPlane.start();
    beat(runtime);
  });
  // Afterwards, as it would listen for ever if it obeyed `stop` before it listens: the control plane has gone on then.
  poller.later(() =>
    onWake(poller, waker, () => {
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        obey(dataPlane, next.message as Command, die);
      }
    })
  );
  try {
    poller.run();
    if (broken !== undefined) throw broken.by;
  } catch (error) {
    poller.closeAll();
    throw error;
  }
}
