import type { Attack } from '../attack.ts';
import { Held } from '../held.ts';

const most = 1_000;

/** Of protocol 3.0; the keys are nobody's. */
export function cancelRequest(key: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 16);
  view.setUint32(4, 80877102);
  view.setUint32(8, key);
  view.setUint32(12, ~key >>> 0);
  return bytes;
}

export const cancels: Attack = {
  name: 'cancels',
  what: `cancel requests with wrong keys, up to ${most} unanswered`,
  surface: 'clients',
  perSecond: 1_000,
  begin: (sockets) => {
    const held = new Held(sockets, most);
    let key = 0;
    return () => {
      const fd = sockets.open();
      if (fd < 0) return;
      sockets.send(fd, cancelRequest(key++));
      held.add(fd);
    };
  },
};
