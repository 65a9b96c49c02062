/** A worker as it is, but for one thing: it dies, or ends, when a test has the sessions on these addresses ended. */
import type { Command } from '../../src/contract/messages.ts';
import { DataPlane } from '../../src/data/data-plane.ts';

const original = DataPlane.prototype.command;
DataPlane.prototype.command = function (command: Command): void {
  if (command.kind === 'endDead' && 'path' in command.server && command.server.path === '/worker') {
    throw new Error('the test wanted it to die');
  }
  if (command.kind === 'endDead' && 'path' in command.server && command.server.path === '/exit') {
    process.exit(3);
  }
  original.call(this, command);
};

// Not before that.
await import('../../src/data/worker.ts');
