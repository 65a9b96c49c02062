import type { Attack } from '../attack.ts';
import { Held } from '../held.ts';

const most = 500;

export const metricsPort: Attack = {
  name: 'metrics-port',
  what: `connections to the metrics port that say nothing, ${most} at a time`,
  surface: 'metrics',
  perSecond: 500,
  begin: (sockets) => {
    const held = new Held(sockets, most);
    return () => {
      const fd = sockets.open();
      if (fd >= 0) held.add(fd);
    };
  },
};
