/** The events of all sockets, for their owners: one record for each role, never a closure for each connection. */
import type { Conn, Handlers } from '../runtime/runtime.ts';
import type { ServerSide } from './prewarm.ts';
import type { ClientSide } from './session-host.ts';

/** `accepted` gives a connection its owner. */
export function clientHandlers(accepted: (conn: Conn<ClientSide>) => void): Handlers<ClientSide> {
  return {
    open: accepted,
    data: (conn, bytes) => conn.data.clientData(bytes),
    drain: (conn) => conn.data.clientDrain(),
    end: (conn) => conn.data.clientEnd(),
    close: (conn, error) => conn.data.clientClosed(error),
    broken: (conn) => conn.data.clientBroken(),
  };
}

export const serverHandlers: Handlers<ServerSide> = {
  open: (conn) => conn.data.serverOpen(conn),
  data: (conn, bytes) => conn.data.serverData(bytes, conn),
  drain: (conn) => conn.data.serverDrain(),
  end: (conn) => conn.data.serverEnd(conn),
  close: (conn, error) => conn.data.serverClosed(conn, error),
};
