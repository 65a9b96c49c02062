/** Sockets that systemd has opened for this service: sd_listen_fds_with_names(3), systemd.socket(5). */
import { type Port, ports } from '../contract/messages.ts';
import type { Sockets } from '../contract/sockets.ts';
import { StartError } from '../errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const firstDescriptor = 3;

/** Undefined: there are none for the process `pid`. Throws StartError. */
export function activatedSockets(env: Environment, pid: number): Sockets | undefined {
  const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES = '' } = env;
  const count = Number(LISTEN_FDS);
  if (LISTEN_FDS === undefined || Number(LISTEN_PID) !== pid || !(count > 0)) return undefined;
  const names = LISTEN_FDNAMES.split(':');
  const sockets: Record<Port, number[]> = { primary: [], standby: [] };
  for (let index = 0; index < count; index++) {
    const name = ports.find((port) => port === names[index]);
    if (name === undefined) {
      throw new StartError(
        `systemd passes a socket named "${
          names[index] ?? ''
        }": set FileDescriptorName= in its .socket unit to ` +
          'primary or standby, for the port that it is.',
      );
    }
    sockets[name].push(firstDescriptor + index);
  }
  if (sockets.primary.length === 0) {
    throw new StartError(
      'systemd passes no socket named primary: set FileDescriptorName=primary in the .socket unit of LISTEN_PORT.',
    );
  }
  return sockets;
}
