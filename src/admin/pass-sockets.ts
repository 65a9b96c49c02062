/** Gives the ports of this gateway to another one, which has asked for them over the control socket. */
import type { Sockets } from '../contract/sockets.ts';
import { messageOf } from '../errors.ts';
import { sendDescriptors } from '../runtime/linux/descriptors.ts';
import { CommandError, type Passed } from './commands.ts';

/** Sends them to the socket at `path`, as one message. Throws CommandError. */
export function passSockets({ primary, standby }: Sockets, path: string): Passed {
  if (primary.length === 0) {
    throw new CommandError(
      'the gateway that runs cannot pass its ports on, as it does not run the native engine: ' +
        'stop it first, or let systemd hold the ports (socket activation)',
    );
  }
  try {
    sendDescriptors(path, [...primary, ...standby]);
  } catch (error) {
    throw new CommandError(`the gateway that runs could not pass its ports on: ${messageOf(error)}`);
  }
  return { primary: primary.length, standby: standby.length };
}
