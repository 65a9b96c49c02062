/**
 * A program with two gateways in it, one with a worker thread: `embedding.ts CANDIDATES PASSWORD`. Once both know the primary it
 * closes them and prints what it has seen, and then there must be nothing that keeps it from ending.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createGateway } from '../../src/library.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;
const listeners = () => [...signals, 'exit', 'uncaughtException'].map((name) => process.listenerCount(name));
const before = listeners();

const settings = {
  CANDIDATES: process.argv[2],
  PGUSER: 'postgres',
  PGPASSWORD: process.argv[3],
  REPLICA_PORT: 0,
  METRICS_PORT: 0,
  CONNECT_TIMEOUT_MS: 5_000,
  QUERY_TIMEOUT_MS: 20_000,
};
const gateways = [await createGateway(settings), await createGateway({ ...settings, NUM_THREADS: 1 })];
const engines = gateways.map((gateway) => gateway.status().engine);
for (const gateway of gateways) {
  if (gateway.status().route.primary !== null) continue;
  await new Promise<void>((resolve) => gateway.on('route', ({ primary }) => primary !== null && resolve()));
}
const during = listeners();
// A drain that is over leaves no timer.
const drained = await createGateway(settings);
await drained.drain({ ms: 600_000 });
await drained.close();
// Neither does one that is cut short, whichever of its times goes on.
for (const acceptMs of [0, 600_000]) {
  const short = await createGateway(settings);
  await Promise.all([short.drain({ acceptMs, ms: 600_000 }), short.close()]);
}
// A client that never says goodbye, and one that has said nothing.
const clients = gateways.map(({ address }) => connect(address.port, address.host));
await Promise.all(clients.map((client) => once(client, 'connect')));
const gone = clients.map((client) =>
  new Promise((resolve) => client.on('error', () => {}).on('close', resolve))
);
await gateways[0]![Symbol.asyncDispose]();
// Two at once are one.
await Promise.all([gateways[1]!.close(), gateways[1]!.close()]);
await Promise.all(gone);
console.log(JSON.stringify({ engines, isQuiet: String(before) === String(during) }));
