/** A worker as it is, but for one thing: it dies when a test has the sessions on this address ended. */
import type { Command } from '../../src/contract/messages.ts';
import { DataPlane } from '../../src/data/data-plane.ts';

const original = DataPlane.prototype.command;
DataPlane.prototype.command = function (command: Command): void {
  if (command.kind === 'endDead' && 'path' in command.server && command.server.path === '/worker') {
    throw new Error('the test wanted it to die');
  }
  original.call(this, command);
};

// Not before that.
await import('../../src/data/worker.ts');
