/** What servers write because of us while something is wrong, as PostgreSQL logs by default and at its noisiest. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster, type Server, startCluster } from '../../../test/bed/cluster.ts';
import { startGateway } from '../../../test/bed/gateway.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { programs, type RuntimeName } from './options.ts';
import { linesOf, logLinePrefix, ofClients } from './server-log.ts';

const password = 'as secret as a test needs it';

/** WAL that never comes; a server that is killed must leave no process behind. */
const untilParentEnds = 'while kill -0 $PPID; do sleep 1; done; false';

/** What goes wrong at a primary with one standby, and what the gateway then thinks of that server. */
export const troubles = {
  'none': { begin: async () => {}, sign: undefined },
  'standby with hot_standby = off': {
    begin: ({ standby }: Servers) => restartedWith(standby, 'hot_standby = off'),
    sign: 'starting',
  },
  'standby in long recovery': {
    begin: ({ standby }: Servers) => restartedWith(standby, `restore_command = '${untilParentEnds}'`),
    sign: 'starting',
  },
  'primary without a free slot (53300)': {
    begin: ({ primary }: Servers) => shutOut(primary, 'connection limit 0'),
    sign: 'full',
  },
  'wrong password of the probe (28P01)': {
    begin: ({ primary }: Servers) => shutOut(primary, `password 'another'`),
    sign: 'credentials',
  },
  'standby down': { begin: ({ standby }: Servers) => standby.stop(), sign: 'refused' },
} as const;

export type TroubleName = keyof typeof troubles;

const noisiest = { log_connections: 'on', log_disconnections: 'on', log_statement: 'all' };

/** How the servers log. */
export const loggings = {
  default: { settings: {}, sql: '' },
  noisiest: { settings: noisiest, sql: '' },
  'noisiest, and for the role log_statement = none': {
    settings: noisiest,
    sql: 'alter role gateway set log_statement = none',
  },
} as const;

export type LoggingName = keyof typeof loggings;

export interface TroubleWatch {
  readonly trouble: TroubleName;
  readonly logging: LoggingName;
  readonly minutes: number;
  /** Because of us, on both servers. */
  readonly lines: number;
}

interface Servers {
  readonly primary: Server;
  readonly standby: Server;
}

/** All troubles side by side, for one way of logging after the other. */
export async function watchTroubles(
  runtime: RuntimeName,
  minutes: number,
  tell: (watch: TroubleWatch) => void,
): Promise<TroubleWatch[]> {
  const watches: TroubleWatch[] = [];
  for (const logging of Object.keys(loggings) as LoggingName[]) {
    const names = Object.keys(troubles) as TroubleName[];
    const found = await Promise.all(names.map((trouble) => watchOne(trouble, logging, runtime, minutes)));
    found.forEach(tell);
    watches.push(...found);
  }
  return watches;
}

async function watchOne(
  trouble: TroubleName,
  logging: LoggingName,
  runtime: RuntimeName,
  minutes: number,
): Promise<TroubleWatch> {
  const { settings, sql } = loggings[logging];
  const cluster = await startCluster({
    standbys: 1,
    password,
    settings: { log_line_prefix: logLinePrefix, ...settings },
  });
  try {
    const [primary, standby] = [cluster.first, cluster.server(1)];
    await primary.query(`create role gateway login password '${password}'; ${sql}`);
    await standby.catchUp();
    const { begin, sign } = troubles[trouble];
    const gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      PGUSER: 'gateway',
      PGDATABASE: 'postgres',
      PGPASSWORD: password,
    }, programs[runtime]);
    await gateway.routesTo(primary.port);
    await begin({ primary, standby });
    await waitFor(`the gateway to see: ${trouble}`, async () => {
      const { candidates } = JSON.parse((await gateway.get('/status')).body);
      return sign === undefined ||
        candidates.some(({ failure }: { failure: { kind: string } | null }) => failure?.kind === sign);
    });
    const before = linesBecauseOfUs(cluster);
    await pause(minutes * 60_000);
    const lines = linesBecauseOfUs(cluster) - before;
    await gateway.stop();
    return { trouble, logging, minutes, lines };
  } finally {
    await cluster.close();
  }
}

function linesBecauseOfUs({ servers }: Cluster): number {
  return ofClients(servers.flatMap((server) => linesOf(server.name, server.log()))).length;
}

/** It may never take connections, so nobody waits for that. */
async function restartedWith(server: Server, setting: string): Promise<void> {
  await server.stop();
  appendFileSync(join(server.data, 'postgresql.auto.conf'), `${setting}\n`);
  void server.start().catch(() => {});
}

async function shutOut(server: Server, change: string): Promise<void> {
  await server.query(`alter role gateway ${change}`);
  await server.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'gateway'`);
}
