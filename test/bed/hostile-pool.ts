/** Hostile candidates, one of each kind, on a thread of their own: what they do keeps no client of the test waiting. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { candidateKinds, type Certificates } from './hostile-kinds.ts';
import { HostileServer } from './hostile-server.ts';

interface Data {
  readonly target: number;
  readonly pairs: Certificates;
}

export interface HostilePool {
  /** By kind. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Connections ever, by kind. */
  accepted(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

/** `target` is the real server behind those that pass something on. */
export async function startHostilePool(target: number, pairs: Certificates): Promise<HostilePool> {
  const workerData: Data = { target, pairs };
  const worker = new Worker(new URL(import.meta.url), { workerData });
  const [addresses] = await once(worker, 'message');
  return {
    addresses,
    accepted: async () => {
      worker.postMessage('accepted');
      const [counts] = await once(worker, 'message');
      return counts;
    },
    close: async () => void await worker.terminate(),
  };
}

async function serve({ target, pairs }: Data): Promise<void> {
  const servers = new Map<string, HostileServer>();
  for (const [name, { hostility }] of Object.entries(candidateKinds(pairs))) {
    servers.set(name, await new HostileServer(target, hostility, pairs.good).listen());
  }
  const each = <T>(of: (server: HostileServer) => T): Map<string, T> =>
    new Map([...servers].map(([name, server]) => [name, of(server)]));
  parentPort!.on('message', () => parentPort!.postMessage(each(({ accepted }) => accepted)));
  parentPort!.postMessage(each(({ address }) => address));
}

if (!isMainThread && workerData?.pairs !== undefined) await serve(workerData);
