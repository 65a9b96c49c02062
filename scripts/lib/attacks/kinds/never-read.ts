import { query, startupMessage } from '../../bench/protocol.ts';
import type { Attack } from '../attack.ts';
import { Held } from '../held.ts';

const most = 40;

/**
 * Both in one write: a server that asks for no password answers one after the other. In FROM the series would be written down
 * before the first row, and the server's work would be what is measured.
 */
const question = query("select repeat('x', 1000), generate_series(1, 1000000)");

export const neverRead: Attack = {
  name: 'never-read',
  what: `${most} sessions that ask for a gigabyte each and read nothing`,
  surface: 'clients',
  perSecond: 50,
  begin: (sockets) => {
    const held = new Held(sockets, most);
    const startup = startupMessage();
    const bytes = new Uint8Array([...startup, ...question]);
    let count = 0;
    return () => {
      // Those that are there go on reading nothing; new ones in their place would be another attack.
      if (count++ >= most) return;
      const fd = sockets.open();
      if (fd < 0) return;
      sockets.send(fd, bytes);
      held.add(fd);
    };
  },
};
