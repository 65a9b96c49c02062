/** What is attacked: the executable with some settings, or HAProxy, in front of the same server. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { startGateway } from '../../../test/bed/gateway.ts';
import { freePort } from '../../../test/bed/ports.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { start } from '../bench/children.ts';
import { writeConfig } from '../bench/configs.ts';
import { isReady } from '../bench/ready.ts';
import type { Surface } from './attack.ts';
import type { Where } from './attacker.ts';
import type { Network } from './network.ts';

export interface Target {
  /** With the settings that differ from the defaults. */
  readonly label: string;
  readonly pid: number;
  /** One of the same age and settings that nobody attacks; undefined: there is none to compare with. */
  readonly twin: number | undefined;
  readonly host: string;
  readonly port: number;
  /** Where attackers go; undefined: it has nothing like that. */
  surface(surface: Surface): Where | undefined;
  hasEnded(): boolean;
  /** How many lines it has logged. */
  lines(): number;
  /** The end of its log. */
  said(): string;
  end(): Promise<void>;
}

/** The recommended defence, where one address attacks: few connections, and few at once. */
export const limits = { MAX_CONNECTIONS_PER_ADDRESS: '100', CONNECT_RATE_PER_ADDRESS: '20:100' } as const;

/**
 * The executable, with defaults but for `settings`, which `label` tells. Its control socket is in `folder`. A second one that
 * nobody attacks is beside it, if `hasTwin`: a runtime collects its garbage when it comes to it, and grows meanwhile by
 * itself.
 */
export async function startOurs(
  label: string,
  serverPort: number,
  network: Network,
  settings: Readonly<Record<string, string>>,
  folder: string,
  hasTwin: boolean,
): Promise<Target> {
  const control = join(mkdtempSync(join(folder, 'gateway-')), 'control.sock');
  const gateway = await startGateway({
    CANDIDATES: `127.0.0.1:${serverPort}`,
    LISTEN_HOST: network.gateway,
    CONTROL_SOCKET: control,
    ...settings,
  }, 'binary');
  const twin = hasTwin
    ? await startGateway({ CANDIDATES: `127.0.0.1:${serverPort}`, ...settings }, 'binary')
    : undefined;
  let hasEnded = false;
  void gateway.exited.then(() => hasEnded = true);
  await gateway.routesTo(serverPort);
  const tcp = (host: string, port: number, from: string | undefined): Where => ({ host, port, from });
  const surfaces: Record<Surface, Where> = {
    clients: tcp(network.gateway, gateway.port, network.attackers),
    metrics: tcp('127.0.0.1', gateway.metricsPort, undefined),
    control: { path: control },
  };
  return {
    label,
    pid: gateway.pid,
    twin: twin?.pid,
    host: network.gateway,
    port: gateway.port,
    surface: (surface) => surfaces[surface],
    hasEnded: () => hasEnded,
    lines: () => gateway.log.length,
    said: () => gateway.log.slice(-20).map((line) => JSON.stringify(line)).join('\n'),
    end: async () => void await Promise.all([gateway.stop(), twin?.stop()]),
  };
}

/** HAProxy with the timeouts of its own documentation's example for TCP, and as many connections as we take. */
export async function startHaproxy(serverPort: number, network: Network, folder: string): Promise<Target> {
  const port = await freePort([network.gateway]);
  const config = `global
  maxconn 9000
  maxpipes 64
defaults
  mode tcp
  timeout connect 5s
  timeout client 50s
  timeout server 50s
frontend clients
  bind ${network.gateway}:${port}
  default_backend servers
backend servers
  server one 127.0.0.1:${serverPort}
`;
  const child = await start(['haproxy', '-db', '-f', writeConfig(folder, 'haproxy.cfg', config)]);
  try {
    await waitFor('a session through HAProxy', () => isReady(network.gateway, port, 'postgres'), {
      evidence: child.output,
    });
  } catch (error) {
    await child.end();
    throw error;
  }
  return {
    label: 'HAProxy',
    pid: child.pid,
    twin: undefined,
    host: network.gateway,
    port,
    surface: (surface) =>
      surface === 'clients' ? { host: network.gateway, port, from: network.attackers } : undefined,
    hasEnded: child.hasEnded,
    lines: () => child.output().split('\n').length - 1,
    said: child.output,
    end: child.end,
  };
}
