import type { Attack } from '../attack.ts';
import { Held } from '../held.ts';

const most = 50;

const question = new TextEncoder().encode(
  'POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}',
);

/** By this user: nobody else may enter. */
export const controlSocket: Attack = {
  name: 'control-socket',
  what:
    `the control socket: every other connection asks for the status, the others say nothing, ${most} at a time`,
  surface: 'control',
  perSecond: 200,
  begin: (sockets) => {
    const held = new Held(sockets, most);
    let count = 0;
    return () => {
      const fd = sockets.open();
      if (fd < 0) return;
      if (count++ % 2 === 0) sockets.send(fd, question);
      held.add(fd);
    };
  },
};
