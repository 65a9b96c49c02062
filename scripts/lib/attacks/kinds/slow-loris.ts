import { startupMessage } from '../../bench/protocol.ts';
import type { Attack } from '../attack.ts';

const most = 4_000;

/** A first packet that is never whole, one byte every two seconds, on thousands of connections. */
export const slowLoris: Attack = {
  name: 'slow-loris',
  what: `${most} connections, each with one byte of a first packet every two seconds`,
  surface: 'clients',
  perSecond: 2_000,
  begin: (sockets) => {
    const fds: number[] = [];
    const sent: number[] = [];
    // Of the last byte of the packet they have none left to send.
    const bytes = startupMessage().subarray(0, -1);
    let at = 0;
    return () => {
      const index = fds.length < most ? fds.length : at = (at + 1) % most;
      const next = sent[index] ?? 0;
      if (next > 0 && next < bytes.length && sockets.send(fds[index]!, bytes.subarray(next, next + 1))) {
        sent[index] = next + 1;
        return;
      }
      // It is new, or the gateway has had enough of it: another one comes in its place.
      if (fds[index] !== undefined && fds[index] >= 0) sockets.close(fds[index]);
      const fd = sockets.open();
      if (fd >= 0) sockets.send(fd, bytes.subarray(0, 1));
      fds[index] = fd;
      sent[index] = fd >= 0 ? 1 : 0;
    };
  },
};
