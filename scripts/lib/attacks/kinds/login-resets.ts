import { startupMessage } from '../../bench/protocol.ts';
import type { Attack } from '../attack.ts';

/** Each costs the server a process, as a client does that means it. */
export const loginResets: Attack = {
  name: 'login-resets',
  what: 'a whole first packet, and a reset before the server has answered',
  surface: 'clients',
  perSecond: 50,
  begin: (sockets) => {
    const bytes = startupMessage();
    return () => {
      const fd = sockets.open();
      if (fd < 0) return;
      sockets.send(fd, bytes);
      sockets.reset(fd);
    };
  },
};
