/** HAProxy, as the load balancer in front of gateways. Debian's package haproxy, which .ci/run installs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { freePort, isFree } from './ports.ts';
import { waitFor } from './wait-for.ts';
import { newPath } from './workspace.ts';

const path = '/usr/sbin/haproxy';

export const noHaproxy = existsSync(path)
  ? undefined
  : "there is no HAProxy on this machine: install Debian's package haproxy";

export interface Haproxy {
  readonly port: number;
  stop(): Promise<unknown>;
}

/**
 * Spreads connections over the gateways at these ports, asks each for `/ready` once a second, and takes one out that has failed
 * three times. It never tries another gateway for a client that one has refused.
 */
export async function startHaproxy(
  gateways: readonly { readonly port: number; readonly metricsPort: number }[],
): Promise<Haproxy> {
  const port = await freePort();
  const servers = gateways.map(({ port, metricsPort }, index) =>
    `  server gateway${index} 127.0.0.1:${port} check port ${metricsPort}\n`
  );
  const file = newPath(undefined, 'haproxy');
  writeFileSync(
    file,
    `global
  maxconn 200
defaults
  mode tcp
  retries 0
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen postgres
  bind 127.0.0.1:${port}
  option httpchk GET /ready
  default-server inter 1s fall 3 rise 1
${servers.join('')}`,
  );
  const child: ChildProcess = spawn(path, ['-db', '-f', file], { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  await waitFor('HAProxy to listen', async () => !await isFree(port));
  return {
    port,
    stop: () => {
      process.off('exit', end);
      end();
      return exited;
    },
  };
}
