import { connect } from 'node:net';
import { endsReady, startupMessage } from './protocol.ts';

const deadlineMs = 2000;

/** Whether a session can be opened there now, within 2 s; where it leads to an echo, whether bytes come back. */
export function isReady(host: string, port: number, speaks: 'postgres' | 'echo'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write(startupMessage()));
    const settle = (is: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(is);
    };
    const timer = setTimeout(() => settle(false), deadlineMs);
    let last = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      last = Buffer.concat([last.subarray(-8), bytes]);
      if (speaks === 'echo' || endsReady(last, last.length)) settle(true);
    });
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
  });
}
