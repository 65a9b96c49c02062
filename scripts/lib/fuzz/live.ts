/** Random first bytes to a gateway that runs: its port, its metrics port and its control socket, beside a client that stays served. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from '../../../test/bed/clients.ts';
import { startCluster } from '../../../test/bed/cluster.ts';
import { type GatewayProcess, startGateway } from '../../../test/bed/gateway.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { footprintOf } from '../attacks/footprint.ts';
import { inputOf, piecesOf, randomOf } from './mutate.ts';
import type { Target } from './target.ts';
import { firstBytes } from './targets/first-bytes.ts';
import { controlSocket, metricsPort } from './targets/http.ts';

/** Connections at a time to each place. */
const crowd = 8;
/** A client that is refused, or a server that waits for more, is left after this. */
const patienceMs = 300;
const startupTimeoutMs = 1_000;
const warmUpMs = 10_000;

interface Place {
  readonly target: Target;
  readonly where: NetConnectOpts;
  sent: number;
}

/** Whether all is well; tells what it saw. */
export async function live(seconds: number, seed: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-live-'));
  const control = join(folder, 'gateway.sock');
  const cluster = await startCluster();
  let gateway: GatewayProcess | undefined;
  try {
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      CONTROL_SOCKET: control,
      STARTUP_TIMEOUT_MS: String(startupTimeoutMs),
    });
    await gateway.routesTo(cluster.first.port);
    return await attack(gateway, control, seconds, seed);
  } finally {
    await gateway?.stop();
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function attack(
  { port, metricsPort: metrics, pid, metric, exited }: GatewayProcess,
  control: string,
  seconds: number,
  seed: number,
): Promise<boolean> {
  const places: readonly Place[] = [
    { target: firstBytes, where: { host: '127.0.0.1', port }, sent: 0 },
    { target: metricsPort, where: { host: '127.0.0.1', port: metrics }, sent: 0 },
    { target: withoutHarm, where: { path: control }, sent: 0 },
  ];
  let hasEnded = false;
  void exited.then(() => hasEnded = true);
  const served: number[] = [];
  const goOn = async (untilMs: number): Promise<void> => {
    const isOver = (): boolean => hasEnded || performance.now() > untilMs;
    await Promise.all([
      ...places.flatMap((place) => Array.from({ length: crowd }, () => sending(place, seed, isOver))),
      goodClient(port, served, isOver),
    ]);
    if (hasEnded) throw new Error(`the gateway ended with code ${await exited}`);
    await waitFor('nobody to be left', async () => await metric('pg_gateway_connections_active') === 0);
  };
  // What it takes once, such as code that is compiled, is no growth.
  await goOn(performance.now() + warmUpMs);
  const before = footprintOf(pid);
  await goOn(performance.now() + seconds * 1000);
  const after = footprintOf(pid);
  for (const { target, sent } of places) console.log(`${target.name}: ${sent} connections`);
  const sorted = served.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? NaN).toFixed(1);
  console.log(
    `the good client: ${served.length} queries, each on a connection of its own, half within ${
      at(0.5)
    } ms, 99 % within ${at(0.99)} ms, all within ${at(1)} ms`,
  );
  console.log(
    `resident: ${before.residentBytes} bytes before, ${after.residentBytes} after; descriptors: ${before.descriptors}, ${after.descriptors}`,
  );
  // A session that has just ended may still be there, and a probe come or gone.
  return after.descriptors <= before.descriptors + 4 && after.residentBytes < before.residentBytes * 1.5;
}

/** Commands that are understood would drain the gateway, or pause it. */
const withoutHarm: Target = {
  ...controlSocket,
  words: controlSocket.words.filter((word) =>
    typeof word !== 'string' || !/drain|pause|takeover|taken-over|kill|drill/.test(word)
  ),
  seeds: controlSocket.seeds.filter((seed) =>
    !/POST \/(?:drain|pause|takeover|taken-over|kill|drill)/.test(Buffer.from(seed).toString('latin1'))
  ),
};

async function sending(place: Place, seed: number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const index = place.sent++;
    await send(place, piecesOf(inputOf(place.target, [], seed, index), randomOf(~seed, index)));
  }
}

function send({ where }: Place, pieces: readonly Uint8Array[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(where, () => {
      for (const piece of pieces) socket.write(piece);
    });
    const patience = setTimeout(() => socket.destroy(), patienceMs);
    socket.on('error', () => {}).resume();
    socket.once('close', () => {
      clearTimeout(patience);
      resolve();
    });
  });
}

async function goodClient(port: number, served: number[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const startedAt = performance.now();
    const [row] = await ask(port, 'select 4711 as n');
    if (row?.['n'] !== 4711) throw new Error(`the good client read ${JSON.stringify(row)}`);
    served.push(performance.now() - startedAt);
  }
}
