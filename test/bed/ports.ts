import { connect } from 'node:net';
import { freePort, isFree } from '../../src/demo/servers/ports.ts';

export { freePort, isFree };

/** Whether a connection is taken there now. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
