import type { Attack } from '../attack.ts';

export const resets: Attack = {
  name: 'resets',
  what: 'connects and resets (SO_LINGER 0), one after the other',
  surface: 'clients',
  perSecond: 5_000,
  begin: (sockets) => () => {
    const fd = sockets.open();
    if (fd >= 0) sockets.reset(fd);
  },
};
