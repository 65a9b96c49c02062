import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { openFileLimit } from '../../src/config/open-files.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { askAndStopReading } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';
import { QuietSession } from '../bed/quiet-session.ts';

/** Two descriptors of the gateway each; it keeps some hundred for itself. */
const count = Math.min(1000, Math.floor(((openFileLimit() ?? 1000) - 500) / 2));
/** How many ask at once: as many as log in at once. */
const abreast = 50;

describe(`fairness on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  before(async () => {
    cluster = await startCluster({ maxConnections: count + 50 });
    gateway = await startGateway({ CANDIDATES: cluster.candidates, ...patient });
    await gateway.routesTo(cluster.first.port);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  test(
    `each of ${count} quiet sessions is answered, again and again, while two others move all they can`,
    { timeout: 180_000 },
    async () => {
      const quiet = await openAll(gateway.port);
      const floods = await Promise.all([1, 2].map(() => Flood.start(gateway.port)));
      for (const round of [1, 2, 3]) {
        for (let at = 0; at < count; at += abreast) {
          const before = floods.map(({ bytes }) => bytes);
          const asked = quiet.slice(at, at + abreast);
          await Promise.all(asked.map((session, index) => session.ask(round * count + at + index)));
          // Those that flood are served between the answers, too: neither side waits for the end of the other.
          await waitFor('both floods to move on', () => floods.every(({ bytes }, n) => bytes > before[n]!));
        }
      }
      for (const flood of floods) {
        assert.ok(flood.bytes > 10_000_000, `${flood.bytes} bytes`);
        assert.equal(flood.socket.readyState, 'open');
        flood.socket.destroy();
      }
      for (const session of quiet) session.end();
    },
  );
});

async function openAll(port: number): Promise<QuietSession[]> {
  const sessions: QuietSession[] = [];
  while (sessions.length < count) {
    const some = Math.min(abreast, count - sessions.length);
    sessions.push(...await Promise.all(Array.from({ length: some }, () => QuietSession.open(port))));
  }
  return sessions;
}

/** A COPY without an end, read as fast as it comes. */
class Flood {
  bytes = 0;
  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.removeAllListeners('data').on('data', (chunk) => this.bytes += chunk.length);
    socket.resume();
  }

  static async start(port: number): Promise<Flood> {
    // In FROM, the server would write the whole series down before the first row.
    const endless = `copy (select repeat('x', 8000), generate_series(1, 1000000000)) to stdout`;
    return new Flood(await askAndStopReading(port, endless));
  }
}
