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
  /**
   * Commands come and reports go here. A port of its own: Deno's `receiveMessageOnPort` does not take `parentPort`.
   */
  readonly port: MessagePort;
  /** The native engine, and the eventfd that wakes it; undefined: the portable one. */
  readonly waker: number | undefined;
}

if (parentPort === null) throw new Error('worker.ts is the entry of a worker thread, not of the program');

const { settings, counters, index, addresses, port, waker } = workerData as WorkerData;
const slabs = counters.map(countersOver);
const addressTable = new AddressTable(addresses, slabs.length, index);
if (waker === undefined) runPortable();
else runNative(waker);

function runPortable(): void {
  const report = (report: Report): void => port.postMessage(report);
  const dataPlane = new DataPlane(pickRuntime(), settings, slabs, index, addressTable, report);
  port.on('message', (command: Command) => obey(dataPlane, command));
  dataPlane.start();
  beat(pickRuntime());
}

function obey(dataPlane: DataPlane, command: Command): void {
  dataPlane.command(command);
  if (command.kind === 'route') slabs[index]![at.fence] = command.route.fence;
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
  const dataPlane = new DataPlane(runtime, settings, slabs, index, addressTable, report);
  onWake(runtime.poller, waker, () => {
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      obey(dataPlane, next.message as Command);
    }
  });
  runtime.poller.later(() => {
    dataPlane.start();
    beat(runtime);
  });
  try {
    runtime.poller.run();
  } catch (error) {
    runtime.poller.closeAll();
    throw error;
  }
}
