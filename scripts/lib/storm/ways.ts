/** The ways by which clients come to the primary. */
import { mkdirSync } from 'node:fs';
import type { Cluster } from '../../../test/bed/cluster.ts';
import { startGateway } from '../../../test/bed/gateway.ts';
import { freePort } from '../../../test/bed/ports.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { newPath } from '../../../test/bed/workspace.ts';
import { start } from '../bench/children.ts';
import { writeConfig } from '../bench/configs.ts';
import { isReady } from '../bench/ready.ts';
import { knowsAll } from '../failover/promotions.ts';
import { type Checks, startChecks } from './checks.ts';
import type { Place } from './client.ts';
import { haproxyConfig } from './haproxy-config.ts';
import type { WayName } from './options.ts';

/** A way that stands. Whoever starts it ends it. */
export interface Way {
  readonly places: readonly Place[];
  /** Of the proxy. */
  readonly pid: number | undefined;
  /** Told of the fault and of the promotion: the index of the primary. */
  primaryIs(index: number | undefined): void;
  end(): Promise<unknown>;
}

export interface Terms {
  readonly clients: number;
  /** Of the gateway, other than its defaults. */
  readonly settings: Readonly<Record<string, string>>;
}

export const starts: Readonly<Record<WayName, (cluster: Cluster, terms: Terms) => Promise<Way>>> = {
  gateway: async ({ candidates, first }, { settings }) => {
    const gateway = await startGateway({ CANDIDATES: candidates, ...settings }, 'binary');
    await gateway.routesTo(first.port);
    await waitFor('the gateway to know both standbys', () => knowsAll(gateway), { evidence: gateway.said });
    const { port, pid, stop } = gateway;
    return { places: [{ host: '127.0.0.1', port }], pid, primaryIs: () => {}, end: stop };
  },

  haproxy: async ({ servers }, { clients }) => {
    const checks: Checks = await startChecks(servers.length);
    const port = await freePort();
    const folder = newPath(undefined, 'haproxy');
    mkdirSync(folder);
    const config = haproxyConfig(
      port,
      clients,
      servers.map((server, at) => ({ ...placeOf(server), name: server.name, checkPort: checks.ports[at]! })),
    );
    const child = await start(['/usr/sbin/haproxy', '-db', '-f', writeConfig(folder, 'haproxy.cfg', config)]);
    const end = async () => {
      await child.end();
      checks.end();
    };
    try {
      await waitFor('a session through HAProxy', () => isReady('127.0.0.1', port, 'postgres'), {
        deadlineMs: 30_000,
        evidence: child.output,
      });
      // Until its checks have taken the standbys out of the rotation, one client in three lands on them.
      await waitFor('HAProxy to have no other server', () => down(child.output()) === servers.length - 1, {
        deadlineMs: 30_000,
        evidence: child.output,
      });
    } catch (error) {
      await end();
      throw error;
    }
    const primaryIs = (index: number | undefined) => void (checks.primary = index);
    return { places: [{ host: '127.0.0.1', port }], pid: child.pid, primaryIs, end };
  },

  hosts: ({ servers }) =>
    Promise.resolve({
      places: servers.map(placeOf),
      pid: undefined,
      primaryIs: () => {},
      end: () => Promise.resolve(),
    }),
};

function placeOf({ host, port }: Place): Place {
  return { host, port };
}

/** Servers that HAProxy says are down. */
function down(output: string): number {
  return new Set([...output.matchAll(/Server primary\/(\S+) is DOWN/g)].map(([, name]) => name)).size;
}
