/** The control socket as it is set: at its path, in a place of our choice, or nowhere. */
import { dirname } from 'node:path';
import { ownControlSocket } from '../config/control-places.ts';
import { messageOf, StartError } from '../errors.ts';
import type { Log } from '../log.ts';
import { clearDead, type ControlSocket, serveControlSocket } from './control-socket.ts';
import type { Faulted } from './http.ts';
import type { Commands } from './commands.ts';

/**
 * `path` is CONTROL_SOCKET, and `port` where clients connect. Nobody asked for the place of our choice: without it the gateway
 * serves all the same. Rejects with StartError where a path that was asked for cannot be had.
 */
export async function openControlSocket(
  path: string | undefined,
  port: number,
  commands: Commands,
  log: Log,
  isTakenOver: boolean,
  faulted: Faulted,
): Promise<ControlSocket | undefined> {
  if (path === 'off') return undefined;
  try {
    const place = path ?? ownControlSocket(port);
    const socket = await serveControlSocket(place, commands, log, isTakenOver, faulted);
    // What a gateway leaves that is killed would stay there for ever, on a port that nobody uses again.
    if (path === undefined) await clearDead(dirname(socket.path));
    return socket;
  } catch (error) {
    const why = messageOf(error);
    if (path !== undefined) {
      throw new StartError(
        `CONTROL_SOCKET=${path} cannot be had: ${why}. Set it to another path, or to "off".`,
      );
    }
    log('control_socket_failed', { why });
    return undefined;
  }
}
