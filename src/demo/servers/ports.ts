import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

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
    if (free.every(Boolean) && await claim(port)) return port;
  }
  throw new Error(`no free port found between ${bottom} and ${top} on ${hosts}`);
}

/**
 * Takes the UDP port of that number and keeps it until this process ends: then whoever calls this, here or in a process
 * beside this one, gets another port, also while nobody listens on this one. False if somebody has it.
 */
function claim(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4').unref();
    socket.once('error', () => resolve(false));
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(true));
  });
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
