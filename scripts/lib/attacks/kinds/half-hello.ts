import type { Attack } from '../attack.ts';
import { Held } from '../held.ts';

const most = 2_000;

/** The head of a record with a handshake of 512 bytes in it, the head of a ClientHello in that, and a part of its random. */
export const halfClientHello: Uint8Array = Uint8Array.from([
  ...[0x16, 0x03, 0x01, 0x02, 0x00],
  ...[0x01, 0x00, 0x01, 0xfc, 0x03, 0x03],
  ...Array.from({ length: 20 }, (_, at) => at * 11),
]);

/** TLS without SSLRequest, as clients of PostgreSQL 17 begin it: nothing is dialled before the hello is whole. */
export const halfHello: Attack = {
  name: 'half-hello',
  what: `direct TLS that stops in its ClientHello, ${most} at a time`,
  surface: 'clients',
  perSecond: 1_000,
  begin: (sockets) => {
    const held = new Held(sockets, most);
    return () => {
      const fd = sockets.open();
      if (fd < 0) return;
      sockets.send(fd, halfClientHello);
      held.add(fd);
    };
  },
};
