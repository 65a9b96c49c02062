import type { Attack } from '../attack.ts';

/** What a port scan does, or a check of a load balancer that has gone wild. */
export const connects: Attack = {
  name: 'connects',
  what: 'connects and closes, one after the other',
  surface: 'clients',
  perSecond: 5_000,
  begin: (sockets) => () => {
    const fd = sockets.open();
    if (fd >= 0) sockets.close(fd);
  },
};
