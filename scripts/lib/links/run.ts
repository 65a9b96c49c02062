/** Clients, link, gateway, link, PostgreSQL: copies over a rotation of toxics, until enough has arrived or the time is over. */
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type postgres from 'postgres';
import { type Cluster, startCluster } from '../../../test/bed/cluster.ts';
import { type Copied, copyIn, copyOut } from '../../../test/bed/copy-client.ts';
import { answerOf, type CopyRows, rowsOf, rowsTable } from '../../../test/bed/copy-rows.ts';
import { type GatewayProcess, patient, startGateway } from '../../../test/bed/gateway.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { memoryOf } from '../bench/proc.ts';
import type { Options } from './options.ts';
import { RemoteLink } from './remote-link.ts';
import { type Leg, rotation, source } from './rotation.ts';
import { type Footprint, isGood, type LegResult, newResult } from './table.ts';

/** Of one copy. */
const copyBytes = 32 << 20;
const silentMs = 300;
const audibleMs = 700;
/** How long sessions may take to be gone when all clients are. */
const goneMs = 20_000;
const everyMs = 10_000;

/** Says where the run is, a line each time. */
type Tell = (line: string) => void;

interface Scene {
  readonly cluster: Cluster;
  readonly gateway: GatewayProcess;
  readonly client: RemoteLink;
  readonly server: RemoteLink;
  /** Past everything. */
  readonly direct: postgres.Sql;
  readonly rows: CopyRows;
  readonly answer: Buffer;
  /** Of the rows, as the server adds them up. */
  readonly digest: string;
}

export interface Run {
  readonly legs: readonly LegResult[];
  readonly seconds: number;
  readonly before: Footprint;
  readonly after: Footprint;
  readonly most: Footprint;
  readonly residentBytes: readonly number[];
}

export async function run(options: Options, tell: Tell): Promise<Run> {
  const cluster = await startCluster({
    // Nothing here pulls the plug; what is written is thrown away again, and the rows are sorted in memory.
    settings: {
      wal_level: 'minimal',
      max_wal_senders: '0',
      max_wal_size: '4GB',
      work_mem: '128MB',
      shared_buffers: '128MB',
      autovacuum: 'off',
    },
  });
  const closers: (() => Promise<unknown>)[] = [() => cluster.close()];
  try {
    const server = await RemoteLink.open({ to: { port: cluster.first.port }, seed: options.seed + 1 });
    closers.push(() => server.close());
    const gateway = await startGateway(
      { CANDIDATES: `127.0.0.1:${server.port}`, HOLD_MS: '60000', ...patient },
      'binary',
    );
    closers.push(() => gateway.stop());
    const client = await RemoteLink.open({ to: { port: gateway.port }, seed: options.seed });
    closers.push(() => client.close());
    const direct = cluster.first.connect({
      max: options.sessions + 1,
      connection: { application_name: 'watcher' },
    });
    closers.push(() => direct.end({ timeout: 0 }));
    await gateway.routesTo(server.port);
    const rows = rowsOf(copyBytes, options.seed);
    const scene = { cluster, gateway, client, server, direct, rows, answer: answerOf(rows) };
    return await rotate({ ...scene, digest: await load(scene, options.sessions) }, options, tell);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

const sinkOf = (session: number): string => `sink${session}`;

async function load(
  { cluster, direct, rows, answer }: Omit<Scene, 'digest'>,
  sessions: number,
): Promise<string> {
  const sinks = Array.from({ length: sessions }, (_, session) => sinkOf(session));
  for (const table of [source, ...sinks]) await direct.unsafe(rowsTable(table));
  const target = { port: cluster.first.port, table: source };
  await copyIn(target, rows);
  // What is added up from here on is right.
  const { tag, lost, changed } = await copyOut(target, rows, answer);
  if (tag === undefined || lost + changed > 0) throw new Error('the rows could not be loaded');
  return await digestOf(direct, source);
}

async function digestOf(direct: postgres.Sql, table: string): Promise<string> {
  const [row] = await direct.unsafe(
    `select count(*) || ' ' || coalesce(sum(hashtextextended(line, n)), 0) as digest from ${table}`,
  );
  return String(row!['digest']);
}

async function rotate(scene: Scene, options: Options, tell: Tell): Promise<Run> {
  const startedAt = performance.now();
  const untilMs = startedAt + options.minutes * 60_000;
  const legs = rotation(copyBytes);
  // What the program takes once is no growth.
  await runLeg(scene, { ...legs[0]!, name: 'first' }, options, 0, () => {});
  const before = footprintOf(scene.gateway.pid);
  let most = before;
  let arrived = 0;
  const results: LegResult[] = [];
  const residentBytes: number[] = [];
  const isOver = (): boolean => arrived >= options.bytes || performance.now() >= untilMs;
  let toldAt = -Infinity;
  for (let index = 0; !isOver(); index++) {
    const leg = legs[index % legs.length]!;
    const result = await runLeg(scene, leg, options, untilMs, (bytes) => {
      arrived += bytes;
      const now = performance.now();
      if (now - toldAt < everyMs) return;
      toldAt = now;
      const minutes = (now - startedAt) / 60_000;
      tell(
        `${(arrived / 1e9).toFixed(1)} of ${options.bytes / 1e9} GB after ${minutes.toFixed(1)} min, ` +
          `${(arrived / 1e6 / 60 / minutes).toFixed(0)} MB/s; the links: ${leg.name}`,
      );
    });
    if (!isGood([result])) tell(`not as it should be: ${JSON.stringify(result)}`);
    results.push(result);
    const footprint = footprintOf(scene.gateway.pid);
    most = mostOf(most, footprint);
    if ((index + 1) % legs.length === 0) residentBytes.push(footprint.residentBytes);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return { legs: results, seconds, before, after: footprintOf(scene.gateway.pid), most, residentBytes };
}

/** Each session copies at least once; then until enough bytes have moved. */
async function runLeg(
  scene: Scene,
  leg: Leg,
  { sessions, legBytes }: Options,
  untilMs: number,
  moved: (bytes: number) => void,
): Promise<LegResult> {
  const { client, server } = scene;
  const result = newResult(leg.name, leg.cut !== undefined);
  // The probe's connection goes on from leg to leg: a cut is none of its business.
  const which = leg.cut === undefined ? 'all' : 'coming';
  const before = { client: await client.set(leg.client, which), server: await server.set(leg.server, which) };
  let isRunning = true;
  const silences = leg.silent === undefined ? undefined : silence(scene[leg.silent], () => isRunning);
  let left = legBytes * leg.share;
  await Promise.all(Array.from({ length: sessions }, async (_, session) => {
    for (let count = session; count === session || (left > 0 && performance.now() < untilMs); count++) {
      const isIn = leg.copies === 'both' ? count % 2 === 0 : leg.copies === 'in';
      const { sent, arrived } = isIn
        ? await copyInto(scene, leg, session, result)
        : await copyFrom(scene, leg, result);
      left -= sent;
      result.bytes += arrived;
      moved(arrived);
    }
  }));
  isRunning = false;
  await silences;
  const after = { client: await client.set({}), server: await server.set({}) };
  for (const side of ['client', 'server'] as const) {
    result.cuts += after[side].cuts.reset - before[side].cuts.reset;
    result.cuts += after[side].cuts.halfClose - before[side].cuts.halfClose;
  }
  result.left = await leftBehind(scene);
  return result;
}

async function silence(link: RemoteLink, isRunning: () => boolean): Promise<void> {
  const silent = { cut: { afterBytes: 0, by: 'silence' } } as const;
  while (isRunning()) {
    await pause(audibleMs);
    await link.set({ up: silent, down: silent });
    await pause(silentMs);
    await link.set({});
  }
}

/** In bytes. What has arrived was compared. */
interface Moved {
  readonly sent: number;
  readonly arrived: number;
}

async function copyFrom({ client, rows, answer }: Scene, leg: Leg, result: LegResult): Promise<Moved> {
  const copied = await copyOut({ port: client.port, table: source }, rows, answer);
  judge(copied, leg, result);
  result.lost += copied.lost;
  result.changed += copied.changed;
  return { sent: copied.bytes, arrived: copied.bytes };
}

/** The same, as the server has them; of a copy that was cut none count, for then it has none. */
async function copyInto(scene: Scene, leg: Leg, session: number, result: LegResult): Promise<Moved> {
  const { client, direct, rows, digest } = scene;
  const table = sinkOf(session);
  await direct.unsafe(`truncate ${table}`);
  const copied = await copyIn({ port: client.port, table }, rows);
  judge(copied, leg, result);
  if (copied.tag === undefined) await waitFor('its session to be gone', () => hasNone(direct, table));
  const stored = await digestOf(direct, table);
  const { bytes: sent } = copied;
  if (stored === digest) return { sent, arrived: rows.messages.length };
  if (copied.tag !== undefined || stored !== '0 0') await compare(scene, table, stored, result);
  return { sent, arrived: 0 };
}

/** The server may still have to find out that its client is gone: until then the table is locked. */
async function hasNone(direct: postgres.Sql, table: string): Promise<boolean> {
  const [row] = await direct`select count(*)::int as n from pg_locks
    where relation = ${table}::regclass and pid <> pg_backend_pid()`;
  return row!['n'] === 0;
}

/** What is wrong in a table, to the byte. */
async function compare({ cluster, rows, answer }: Scene, table: string, stored: string, result: LegResult) {
  const found = await copyOut({ port: cluster.first.port, table }, rows, answer);
  result.lost += found.lost;
  result.changed += found.changed;
  console.error(`links: ${table} has ${stored}, and is the same up to byte ${found.bytes}`);
}

function judge({ tag, ended, error }: Copied, { name, cut }: Leg, result: LegResult): void {
  if (tag !== undefined) result.whole++;
  if (ended === 'hung') result.hung++;
  else if (cut !== undefined && (tag !== undefined) === cut.isWhole) result.seen++;
  else if (tag === undefined) {
    result.unexpected++;
    console.error(`links: ${name}: a copy ended: ${error ?? ended}`);
  }
}

/** Sessions at the gateway and backends of the server, when their clients are gone. */
async function leftBehind({ gateway, direct }: Scene): Promise<number> {
  const count = async (): Promise<number> => {
    const [row] = await direct`select count(*)::int as n from pg_stat_activity
      where backend_type = 'client backend' and application_name not in ('watcher', 'pg_gateway')`;
    return Number(row!['n']) + (await gateway.metric('pg_gateway_connections_active') ?? 0);
  };
  return await waitFor('all sessions to be gone', async () => await count() === 0, { deadlineMs: goneMs })
    .then(() => 0, count);
}

/** On Linux alone. */
function footprintOf(pid: number): Footprint {
  const { restBytes } = memoryOf(pid);
  return { residentBytes: restBytes, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

function mostOf(a: Footprint, b: Footprint): Footprint {
  return {
    residentBytes: Math.max(a.residentBytes, b.residentBytes),
    descriptors: Math.max(a.descriptors, b.descriptors),
  };
}
