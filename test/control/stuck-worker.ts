/** A worker as it is, but for one thing: a test can block its loop for a while. */
import type { Command } from '../../src/contract/messages.ts';
import { DataPlane } from '../../src/data/data-plane.ts';

const blockedMs = 5_000;

const original = DataPlane.prototype.command;
DataPlane.prototype.command = function (command: Command): void {
  if (command.kind === 'endDead' && 'path' in command.server && command.server.path === '/worker') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockedMs);
  } else original.call(this, command);
};

// Not before that.
await import('../../src/data/worker.ts');
