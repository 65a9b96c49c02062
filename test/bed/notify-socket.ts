/** The socket on which systemd listens to a service (NOTIFY_SOCKET): no runtime has unix datagrams, so a process of Bun has it. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { waitFor } from './wait-for.ts';

const bun = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));
const script = fileURLToPath(new URL('./notify-socket.bun.ts', import.meta.url));

export interface NotifySocket {
  /** Every datagram so far, as its lines. */
  readonly told: readonly (readonly string[])[];
  close(): void;
}

/** At a path, or with `@` before it in the abstract namespace. Resolves once it can be written to. */
export async function notifySocket(name: string): Promise<NotifySocket> {
  const child = spawn(bun, [script, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const close = (): void => void child.kill('SIGKILL');
  process.once('exit', close);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  await waitFor('the socket', () => lines.length > 0);
  return {
    get told() {
      return lines.slice(1).map((text) => text.split('\n'));
    },
    close: () => {
      process.off('exit', close);
      close();
    },
  };
}
