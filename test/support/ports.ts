import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { codeOf } from '../../src/errors.ts';

/**
 * A port of 127.0.0.1, or of all `hosts`, that nobody listens on, from below the range that the kernel gives to outgoing
 * connections. Inside that range a port is not safe while its server is down: any connection may take it, and a
 * client that keeps trying to reach it may connect to itself.
 */
export async function freePort(hosts: readonly string[] = ['127.0.0.1']): Promise<number> {
  const top = Math.min(firstOutgoingPort(), 49_152);
  const bottom = top > 20_000 ? top - 15_000 : 10_000;
  for (let tries = 0; tries < 200; tries++) {
    const port = bottom + Math.floor(Math.random() * (top - bottom));
    const free = await Promise.all(hosts.map((host) => isFree(port, host)));
    if (free.every(Boolean) && claim(port)) return port;
  }
  throw new Error(`no free port found between ${bottom} and ${top} on ${hosts}`);
}

/** Ports that this process was given and has perhaps not used yet. */
const given = new Set<number>();

/** False if this process has the port already, or another one of the same run: test files run side by side. */
function claim(port: number): boolean {
  if (given.has(port)) return false;
  given.add(port);
  const shared = process.env['TEST_TEMPLATES'];
  if (shared === undefined) return true;
  try {
    writeFileSync(join(shared, `port-${port}`), '', { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Whether one could listen there now. */
export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function firstOutgoingPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
  } catch {
    return 32_768;
  }
}
