/** A managed cluster with a table to write to, the gateway in front of it, and HAProxy beside where that is wanted. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertReplays } from '../evidence.ts';
import { type GatewayProcess, startGateway } from '../gateway.ts';
import { removeWorkspace } from '../workspace.ts';
import { haproxyPort, startHaproxy } from './haproxy.ts';
import { type Lab, noLab, openLab } from './lab.ts';
import type { Machine } from './machine.ts';
import type { Managed, Manager } from './manager.ts';
import { noPackages } from './packages.ts';
import { askServer, untilWhole } from './servers.ts';

export const sideNames = ['gateway', 'haproxy'] as const;
export type SideName = (typeof sideNames)[number];

/** One way to the primary. */
export interface Side {
  readonly name: SideName;
  readonly host: string;
  readonly port: number;
}

export interface Stage {
  readonly managed: Managed;
  readonly gateway: GatewayProcess;
  readonly sides: readonly Side[];
  /** From where the sides reach the servers. */
  readonly ourAddresses: readonly string[];
  /** The ends of all logs, for a person. */
  evidence(): string;
  close(): Promise<void>;
}

/** The least that the probe and the clients need. */
const preparations = [
  'create role gateway login',
  'create role app login',
  'create table register (id bigint primary key)',
  'grant select, insert on register to app',
];

/** A reason to skip, or false. A test that runs by itself installs nothing; HA_TESTS=1 allows it, HA_TESTS=0 skips. */
export function leftOut(manager: Pick<Manager, 'packages'>): string | false {
  const wish = process.env['HA_TESTS'];
  if (wish === '0') return 'HA_TESTS=0 in the environment';
  return cannotStage(manager, wish !== undefined);
}

/** Why a manager cannot run here, or false. */
export function cannotStage({ packages }: Pick<Manager, 'packages'>, mayInstall = true): string | false {
  return noPackages([...packages, 'iproute2', 'nftables'], mayInstall) || noLab();
}

export interface StageOptions {
  /** HAProxy beside the gateway; only before Patroni, for it asks Patroni's REST API. */
  readonly haproxy?: boolean;
  /** Of the gateway. */
  readonly settings?: Readonly<Record<string, string>>;
}

export async function openStage(manager: Manager, options: StageOptions = {}): Promise<Stage> {
  const { haproxy = false, settings = {} } = options;
  const lab = await openLab([...manager.machines, ...(haproxy ? ['haproxy'] : [])]);
  const folder = mkdtempSync(join(tmpdir(), 'stage-'));
  const control = join(folder, 'control.sock');
  let gateway: GatewayProcess | undefined;
  const close = async (): Promise<void> => {
    try {
      if (gateway) await assertReplays(control);
    } finally {
      await gateway?.stop();
      await lab.close();
      await removeWorkspace();
      rmSync(folder, { recursive: true });
    }
  };
  try {
    const managed = await manager.start(lab);
    const primary = await untilWhole(managed).catch((error) => {
      throw new Error(`${manager.name} did not come up: ${error.message}\n${lastWords(lab)}`);
    });
    for (const statement of preparations) await askServer(primary, statement, 20_000);
    gateway = await startGateway({
      CANDIDATES: managed.nodes.map(({ address }) => `${address}:5432`).join(','),
      PGUSER: 'gateway',
      CONTROL_SOCKET: control,
      ...settings,
    });
    const sides: Side[] = [{ name: 'gateway', host: '127.0.0.1', port: gateway.port }];
    const ourAddresses = [lab.ourAddress];
    if (haproxy) {
      const machine = lab.machines.at(-1) as Machine;
      await startHaproxy(machine, managed.nodes);
      sides.push({ name: 'haproxy', host: machine.address, port: haproxyPort });
      ourAddresses.push(machine.address);
    }
    return { managed, gateway, sides, ourAddresses, close, evidence: () => lastWords(lab) };
  } catch (error) {
    await close();
    throw error;
  }
}

function lastWords({ machines }: Lab): string {
  return machines.flatMap(({ name, logs }) =>
    Object.entries(logs()).map(([log, text]) =>
      `${name}, ${log}:\n${text.trimEnd().split('\n').slice(-15).join('\n')}`
    )
  ).join('\n');
}
