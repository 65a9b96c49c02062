/**
 * The events of all sockets, for their owners: one record for each role, never a closure for each connection. What an owner
 * throws ends what it owns, and leaves the loop: all engines would end the thread, and with it all other sessions.
 */
import { at } from '../contract/counters.ts';
import type { Conn, Handlers } from '../runtime/runtime.ts';
import { discarded } from './role-check.ts';
import type { ServerSide } from './prewarm.ts';
import type { ClientSide, SessionHost } from './session-host.ts';

/** `accepted` gives a connection its owner; `host` hears of what has none. */
export function clientHandlers(
  accepted: (conn: Conn<ClientSide>) => void,
  host: Pick<SessionHost<unknown>, 'counters' | 'faulted'>,
): Handlers<ClientSide> {
  return {
    open(conn) {
      try {
        accepted(conn);
      } catch (error) {
        if (conn.data !== undefined) return conn.data.clientFaulted('clientOpen', error);
        conn.data = nobody;
        conn.abort();
        host.counters[at.fault]! += 1;
        host.faulted('clientOpen', error);
      }
    },
    data(conn, bytes) {
      try {
        conn.data.clientData(bytes);
      } catch (error) {
        conn.data.clientFaulted('clientData', error);
      }
    },
    drain(conn) {
      try {
        conn.data.clientDrain();
      } catch (error) {
        conn.data.clientFaulted('clientDrain', error);
      }
    },
    end(conn) {
      try {
        conn.data.clientEnd();
      } catch (error) {
        conn.data.clientFaulted('clientEnd', error);
      }
    },
    close(conn, error) {
      try {
        conn.data.clientClosed(error);
      } catch (thrown) {
        conn.data.clientFaulted('clientClosed', thrown);
      }
      try {
        conn.data.clientGone();
      } catch (thrown) {
        host.faulted('clientGone', thrown);
      }
    },
    broken(conn) {
      try {
        conn.data.clientBroken();
      } catch (error) {
        conn.data.clientFaulted('clientBroken', error);
      }
    },
  };
}

/** The owner of a connection that was accepted and could not be given one. */
const nobody: ClientSide = {
  clientData: () => {},
  clientDrain: () => {},
  clientEnd: () => {},
  clientClosed: () => {},
  clientBroken: () => {},
  clientFaulted: () => {},
  clientGone: () => {},
};

export const serverHandlers: Handlers<ServerSide> = {
  open(conn) {
    const owner = conn.data;
    try {
      owner.serverOpen(conn);
    } catch (error) {
      faulted(conn, owner, 'serverOpen', error);
    }
  },
  data(conn, bytes) {
    const owner = conn.data;
    try {
      owner.serverData(bytes, conn);
    } catch (error) {
      faulted(conn, owner, 'serverData', error);
    }
  },
  drain(conn) {
    const owner = conn.data;
    try {
      owner.serverDrain();
    } catch (error) {
      faulted(conn, owner, 'serverDrain', error);
    }
  },
  end(conn) {
    const owner = conn.data;
    try {
      owner.serverEnd(conn);
    } catch (error) {
      faulted(conn, owner, 'serverEnd', error);
    }
  },
  close(conn, error) {
    const owner = conn.data;
    try {
      owner.serverClosed(conn, error);
    } catch (thrown) {
      faulted(conn, owner, 'serverClosed', thrown);
    }
  },
};

/** The owner is the one at the beginning of the event: it may have passed the connection on, and has not come to an end with it. */
function faulted(conn: Conn<ServerSide>, owner: ServerSide, where: string, error: unknown): void {
  conn.data = discarded;
  conn.abort();
  owner.serverFaulted(where, error);
}
