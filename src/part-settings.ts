/** What the configuration and the machine mean to each part of the gateway. */
import { lookup } from 'node:dns/promises';
import type { Limits } from './admin/status.ts';
import type { Config } from './config/config.ts';
import { type Budget, descriptorBudget, sessionsEvent } from './config/descriptor-budget.ts';
import { openFileLimit } from './config/open-files.ts';
import { type Bound, type DataSettings, type Port, ports } from './contract/messages.ts';
import { noSockets, type Sockets } from './contract/sockets.ts';
import type { ControllerOptions } from './control/controller.ts';
import { codeOf, messageOf, StartError } from './errors.ts';
import type { Log } from './log.ts';
import { type RefusalServer, startRefusalServer } from './refusal-server/refusal-server.ts';
import { isFolder, isSameAddress, serverAddress } from './runtime/addresses.ts';
import { chooseEngine, type Engine } from './runtime/engine.ts';
import type { Address } from './runtime/runtime.ts';
import { sharesPorts } from './runtime/shared-ports.ts';

const backlog = 1024;

/** How long a client may take for the TLS handshake that is needed to refuse it. */
const refusalMs = 5_000;

export function budgetOf({ workers, data: { maxSessions, maxHeld } }: Config): Budget {
  return descriptorBudget({ openFiles: openFileLimit(), workers, maxSessions, maxHeld });
}

/** What a configuration that can be used deserves to be told of all the same. */
export function logWarnings(config: Config, budget: Budget, log: Log): void {
  const { warnings, credentials, isMaxSessionsSet, data: { maxSessions: wanted } } = config;
  for (const why of warnings) log('setting_passed_over', { why });
  for (const why of credentials.warnings) log('login_warning', { why });
  const event = sessionsEvent(budget, wanted, isMaxSessionsSet);
  if (event) log(event, { sessions: budget.maxSessions, wanted, openFiles: openFileLimit() });
}

/** For `/status`: those that apply. */
export function limitsOf({ data, deadAfterMs }: Config, { maxSessions, maxClients }: Budget): Limits {
  return {
    maxSessions,
    maxClients,
    maxHeld: data.maxHeld,
    maxPerAddress: data.maxPerAddress ?? null,
    ratePerAddress: data.ratePerAddress ?? null,
    idleTimeoutMs: data.idleTimeoutMs ?? null,
    maxBufferedBytes: data.maxBufferedBytes ?? null,
    holdMs: data.holdMs,
    deadAfterMs,
  };
}

/** Throws StartError where the sockets that listen already cannot be listened on. */
export function checkInherited(
  sockets: Sockets | undefined,
  { standbyPort, workers }: Config,
  engine: Engine['name'],
  runtime: string,
): void {
  if (sockets === undefined) return;
  if (engine === 'portable' && runtime !== 'node') {
    throw new StartError(
      `the ports that are passed to this gateway need the native engine, or Node: ${runtime} itself cannot listen on ` +
        'them. Set ENGINE=auto, and NUM_THREADS to 1 or more.',
    );
  }
  if (engine === 'portable' && workers > sockets.primary.length) {
    throw new StartError(
      `on Node each worker needs a port of its own, and ${sockets.primary.length} is passed: set NUM_THREADS=1.`,
    );
  }
  if (sockets.standby.length > 0 && standbyPort === undefined) {
    throw new StartError(
      'systemd passes a socket named standby: set REPLICA_PORT to its port, or take the socket away.',
    );
  }
}

export function controllerOptions(
  { rules, rotation, standbyPort, deadAfterMs, probe }: Config,
): ControllerOptions {
  const probeMs = probe.connectTimeoutMs + probe.queryTimeoutMs;
  return { rules, rotation, hasStandbyPort: standbyPort !== undefined, deadAfterMs, probeMs };
}

export async function openRefusalServer(
  { refusalCertificate, data }: Config,
  { maxRefusals }: Budget,
  log: Log,
  faulted: (where: string, error: unknown) => void,
): Promise<RefusalServer> {
  const limits = { maxConnections: maxRefusals, timeoutMs: Math.min(data.startupTimeoutMs, refusalMs) };
  try {
    return await startRefusalServer(
      refusalCertificate,
      limits,
      (error) => log('certificate_failed', { why: messageOf(error) }),
      faulted,
    );
  } catch (error) {
    throw new StartError(
      `REFUSAL_CERT_FILE and REFUSAL_KEY_FILE cannot be used: ${messageOf(error)}. ` +
        'They must be PEM files of a certificate and its key.',
    );
  }
}

export async function dataSettings(
  config: Config,
  budget: Budget,
  refusalServer: Address,
): Promise<DataSettings> {
  const { data, listen, standbyPort } = config;
  const { maxSessions, maxClients } = budget;
  const host = await numeric(listen.host);
  const also = await Promise.all(listen.alsoOn.map(async (one) => isFolder(one) ? one : await numeric(one)));
  const onAlso = (port: Port, number: number | undefined) =>
    number === undefined
      ? []
      : also.map((host) => ({ port, address: serverAddress({ host, port: number }) }));
  return {
    ...data,
    listen: { host, port: listen.port },
    listenStandby: standbyPort === undefined ? undefined : { host, port: standbyPort },
    alsoListen: [...onAlso('primary', listen.port), ...onAlso('standby', standbyPort)],
    reusePort: false,
    sockets: noSockets,
    backlog,
    maxSessions,
    maxClients,
    refusalServer,
  };
}

/** With sockets that listen already, what is missing beside them has to be bound. */
export function besideInherited(
  settings: DataSettings,
  { sockets, bound }: { readonly sockets: Sockets; readonly bound?: readonly Bound[] },
): DataSettings {
  if (bound === undefined) return { ...settings, alsoListen: [] };
  const { listen, listenStandby, alsoListen } = settings;
  const isMissing = (one: Bound): boolean =>
    !bound.some(({ port, address }) => port === one.port && isSameAddress(address, one.address));
  const mains = ports.flatMap((port): Bound[] => {
    const address = { primary: listen, standby: listenStandby }[port];
    return address !== undefined && sockets[port].length > 0 ? [{ port, address }] : [];
  });
  return { ...settings, alsoListen: [...mains, ...alsoListen].filter(isMissing) };
}

/** The data plane takes numeric addresses only. */
export async function numeric(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new StartError(
      `cannot listen on ${host}: the name does not resolve (${
        codeOf(error)
      }). Set LISTEN_HOST to an address.`,
    );
  }
}

/** Throws StartError where the engine that is insisted on cannot be had, or cannot listen in so many threads. */
export function chosenEngine({ engine, workers }: Config): Engine {
  const chosen = insistedOn(engine, workers);
  if (chosen.name === 'portable' && workers > 1 && !sharesPorts()) {
    throw new StartError(
      `NUM_THREADS=${workers} cannot be had on Node ${process.versions.node}, whose threads cannot share a port: ` +
        'set NUM_THREADS=1, or take Node 22.12 or newer.',
    );
  }
  return chosen;
}

function insistedOn(engine: Config['engine'], workers: number): Engine {
  try {
    return chooseEngine(engine, workers);
  } catch (error) {
    throw new StartError(
      `ENGINE=native cannot be had: ${messageOf(error)}. Set ENGINE=auto to go on without it.`,
    );
  }
}
