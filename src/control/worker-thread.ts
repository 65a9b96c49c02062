/** One data plane in a thread of its own: how it is started, told things and heard. */
import { MessageChannel, Worker } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import type { Command, Report } from '../contract/messages.ts';
import type { WorkerData } from '../data/worker.ts';
import type { Engine } from '../runtime/engine.ts';
import { openWaker } from '../runtime/linux/waker.ts';

/** Returns what sends a command to it. `onExit` is called once, with the reason; nothing is reported after it. */
export function openWorkerThread(
  { engine, workerFile }: { readonly engine: Engine['name']; readonly workerFile: URL },
  data: Omit<WorkerData, 'port' | 'waker'>,
  onReport: (report: Report) => void,
  onExit: (why: string) => void,
): (command: Command) => void {
  const { port1: port, port2 } = new MessageChannel();
  const waker = engine === 'native' ? openWaker() : undefined;
  const workerData: WorkerData = { ...data, port: port2, waker: waker?.fd };
  const worker = new Worker(workerFile, { workerData, transferList: [port2] });
  let why = 'it ended by itself';
  port.on('message', (report: Report) => {
    onReport(report);
    if (report.kind === 'stopped' || report.kind === 'listenFailed') void worker.terminate();
  });
  worker.on('error', (error) => {
    why = messageOf(error);
  });
  worker.on('exit', () => {
    port.close();
    waker?.close();
    onExit(why);
  });
  return (command) => {
    port.postMessage(command);
    waker?.wake();
  };
}
