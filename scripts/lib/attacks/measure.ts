/** All attacks that are wanted, on each target. */
import { patient } from '../../../test/bed/gateway.ts';
import { startCluster } from '../../../test/bed/cluster.ts';
import { noHaproxy } from '../../../test/bed/haproxy.ts';
import { removeWorkspace } from '../../../test/bed/workspace.ts';
import { describeMachine, load } from '../bench/machine.ts';
import type { Attack } from './attack.ts';
import { attackOf } from './attacks.ts';
import { type Network, noOwnNetwork } from './network.ts';
import type { Options } from './options.ts';
import { type Report, type Row, rowOf } from './report.ts';
import { limits, startHaproxy, startOurs, type Target } from './targets.ts';
import { TargetEnded, tryAttack } from './trial.ts';

/** Of the server: sessions of good clients, and of the attackers that get so far. */
const maxConnections = 600;

/** Waits are short, and no probe fails because a loaded machine is slow: so the gateway is the same at any load. */
const short = { ...patient, STARTUP_TIMEOUT_MS: '1000' } as const;

/** `folder` is for configurations and control sockets. Rejects, for a person, where nothing can be tried. */
export async function measure(
  options: Options,
  network: Network,
  folder: string,
  tell: (line: string) => void,
): Promise<Report> {
  const [loadBefore, from] = [load(), performance.now()];
  const cluster = await startCluster({ maxConnections, tls: true });
  const serverPort = cluster.first.port;
  const targets = new Map<string, Target>();
  const rows: Row[] = [];
  const skipped: string[] = [];
  const crashes: string[] = [];

  const ours = async (settings: Readonly<Record<string, string>>): Promise<Target> => {
    const label = labelOf(settings);
    const always = options.isShort ? short : {};
    const target = targets.get(label) ??
      await startOurs(label, serverPort, network, { ...settings, ...always }, folder, !options.isShort);
    targets.set(label, target);
    return target;
  };
  const haproxy = async (): Promise<Target> => {
    const target = targets.get('haproxy') ?? await startHaproxy(serverPort, network, folder);
    targets.set('haproxy', target);
    return target;
  };
  /** Undefined if it could not be done, which is told among the others. */
  const attempt = async (attack: Attack, start: () => Promise<Target>): Promise<Row | undefined> => {
    const target = await start();
    tell(`${attack.name}, ${target.label}`);
    try {
      const row = rowOf(await tryAttack(attack, target, serverPort, network, options));
      rows.push(row);
      return row;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!(error instanceof TargetEnded)) skipped.push(`${attack.name} against ${target.label}: ${message}`);
      else if (target.label !== 'HAProxy') crashes.push(message);
      if (!target.hasEnded()) return undefined;
      for (const [key, value] of targets) if (value === target) targets.delete(key);
      return undefined;
    }
  };

  try {
    for (const attack of options.names.map(attackOf)) {
      if (attack.vanishes && !network.isOwn) {
        skipped.push(
          `${attack.name}: ${
            noOwnNetwork() || 'scripts/attacks gives the network in which packets are lost'
          }`,
        );
        continue;
      }
      const settings = (options.isShort ? attack.shortSettings : undefined) ?? attack.settings ?? {};
      const row = await attempt(attack, () => ours(settings));
      const hasMissed = row?.missed.includes('p99') ?? false;
      if (hasMissed && options.hasLimits && attack.surface === 'clients') {
        if (network.isOwn) await attempt(attack, () => ours({ ...settings, ...limits }));
        else skipped.push(`${attack.name} with limits by address: the loopback has none`);
      }
      if (options.hasHaproxy && attack.surface === 'clients') {
        if (noHaproxy) skipped.push(`${attack.name} against HAProxy: ${noHaproxy}`);
        else await attempt(attack, haproxy);
      }
    }
  } finally {
    for (const target of targets.values()) await target.end();
    await cluster.close();
    await removeWorkspace();
  }
  return {
    machine: describeMachine(loadBefore),
    tookSeconds: (performance.now() - from) / 1000,
    rounds: options.rounds,
    seconds: options.seconds,
    rows,
    skipped: [...new Set(skipped)],
    crashes,
  };
}

function labelOf(settings: Readonly<Record<string, string>>): string {
  const names = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return names.length === 0 ? 'defaults' : names.join(' ');
}
