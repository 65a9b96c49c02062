/**
 * What answers HAProxy's checks in place of Patroni: `/primary` of its REST API, 200 where the server is the primary and
 * 503 otherwise. Patroni learns of a fault and of a promotion within its `loop_wait`; these are told at once.
 */
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Checks {
  /** In the order of the servers. */
  readonly ports: readonly number[];
  /** The index of the server that is the primary from now on; undefined: none is. */
  primary: number | undefined;
  end(): void;
}

export async function startChecks(count: number): Promise<Checks> {
  const checks = { ports: [] as number[], primary: 0 as number | undefined, end: () => {} };
  const servers: HttpServer[] = [];
  checks.end = () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  };
  for (let index = 0; index < count; index++) {
    const server = createServer(({ url }, response) => {
      const isPrimary = url === '/primary' && checks.primary === index;
      response.writeHead(isPrimary ? 200 : 503, { connection: 'close' }).end();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    checks.ports.push((server.address() as AddressInfo).port);
  }
  return checks;
}
