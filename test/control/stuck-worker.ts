/** A worker as it is, but for one thing: a test can block its loop, as long as a file is there. */
import { existsSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { Command } from '../../src/contract/messages.ts';
import { DataPlane } from '../../src/data/data-plane.ts';
import type { WorkerData } from '../../src/data/worker.ts';

const { index } = workerData as WorkerData;

/** The file's name ends with the number of the worker that it blocks. */
const original = DataPlane.prototype.command;
DataPlane.prototype.command = function (command: Command): void {
  if (command.kind !== 'endDead' || !('path' in command.server)) return original.call(this, command);
  const { path } = command.server;
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  while (path.endsWith(`/${index}`) && existsSync(path)) Atomics.wait(nothing, 0, 0, 20);
};

// Not before that.
await import('../../src/data/worker.ts');
