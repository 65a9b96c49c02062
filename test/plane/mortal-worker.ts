/** A worker as it is, but for one thing: it dies when a test buries this address. */
import { workerData } from 'node:worker_threads';
import type { WorkerData } from '../../src/plane/worker.ts';
import '../../src/plane/worker.ts';
import type { Command } from '../../src/plane/messages.ts';

(workerData as WorkerData).port.on('message', (command: Command) => {
  if (command.kind === 'bury' && 'path' in command.server && command.server.path === '/worker') {
    throw new Error('the test wanted it to die');
  }
});
