/** The data half in a thread of its own: a thin shell around `Sessions`. An entry point of the build. */
import { parentPort, workerData } from 'node:worker_threads';
import { pickRuntime } from '../runtime/pick.ts';
import { Sessions } from '../session/sessions.ts';
import { countersOver } from './counters.ts';
import type { Command, DataSettings, Report } from './messages.ts';

/** What a worker is born with. */
export interface WorkerData {
  readonly settings: DataSettings;
  /** The memory of its counters, shared. */
  readonly counters: SharedArrayBuffer;
}

const port = parentPort;
if (port === null) throw new Error('worker.ts is the entry of a worker thread, not of the program');

const { settings, counters } = workerData as WorkerData;
const sessions = new Sessions(
  pickRuntime(),
  settings,
  countersOver(counters),
  (report: Report) => port.postMessage(report),
);
port.on('message', (command: Command) => sessions.command(command));
sessions.start();
