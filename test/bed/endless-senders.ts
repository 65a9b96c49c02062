/** Servers that send a gigabyte to the probe, each from another point on. They have no TLS. */
import { flood, type Hostility, message, readyForQuery } from './hostile-server.ts';

const gigabyte = 2 ** 30;

/** More than the gateway reads before it closes, together with what the kernels of both sides hold meanwhile. */
export const most = 32 * 1_048_576;

const notice = message('N', 'SNOTICE\0C00000\0Mhello\0\0');

export const endlessSenders: Readonly<Record<string, Hostility>> = {
  'when it is accepted': {
    accepted: (socket) => {
      flood(socket, Buffer.alloc(65_536, 'x'), gigabyte);
      return true;
    },
  },
  'instead of the answer to SSLRequest': {
    tls: (socket) => {
      flood(socket, Buffer.alloc(65_536, 'S'), gigabyte);
      return true;
    },
  },
  'after the startup packet, in notices': { began: ({ socket }) => flood(socket, notice, gigabyte) },
  'in one message of a gigabyte': {
    began: ({ socket }) => {
      socket.write(message('S').fill(0x40, 1, 2));
      flood(socket, Buffer.alloc(65_536, 'x'), gigabyte);
    },
  },
  'in front of the answer': {
    began: ({ relay, socket }) =>
      relay((bytes, type) => {
        if (type === 'D') flood(socket, notice, gigabyte);
        return bytes;
      }),
  },
  'between two questions': {
    began: ({ relay, socket }) => {
      let count = 0;
      relay((bytes, type) => {
        if (type === 'Z' && ++count === 2) setTimeout(flood, 20, socket, readyForQuery, gigabyte);
        return bytes;
      });
    },
  },
};
