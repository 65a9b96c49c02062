/**
 * Bare relays in C over epoll (floor.c) and io_uring (ring.c), in rounds that take turns. By hand, as it takes two minutes a
 * round; it needs a C compiler, pgbench and taskset:
 *
 *   node_modules/.bin/node scripts/lib/bench/ring.ts [ROUNDS]
 *
 * Prints medians and, within a round, ratios to the floor, in Markdown.
 */
import { join } from 'node:path';
import { freePort } from '../../../test/bed/ports.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { apart } from './apart.ts';
import { inRounds, measureByHand, oneByOne, ratioTable } from './by-hand.ts';
import { run, start } from './children.ts';
import { temporaryFolder } from './folder.ts';
import { floorIn } from './floor.ts';
import { pgbench } from './pgbench.ts';
import { allowedCores, cpuMs, lastCore, pin } from './proc.ts';
import { isReady } from './ready.ts';
import { roundTrips } from './wire.ts';

const [rounds = '3'] = process.argv.slice(2);
const folder = temporaryFolder('ring');
const ring = join(folder, 'ring');
const base = 'floor: epoll';
const relays: readonly (readonly [string, (ports: readonly string[]) => readonly string[]])[] = [
  [base, (ports) => [floorIn(folder), ...ports]],
  ...['ring', 'send'].flatMap((sends) =>
    ['defer', 'coop'].map((mode) =>
      [
        `io_uring, sends ${sends === 'ring' ? 'in the ring' : 'by the call'}, ${mode}`,
        (ports: readonly string[]) => [ring, ...ports, sends, mode],
      ] as const
    )
  ),
];

interface Relay {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
}

async function started(server: number): Promise<Relay[]> {
  const running: Relay[] = [];
  for (const [name, commandOf] of relays) {
    const port = await freePort();
    const { pid } = await start(commandOf([`${port}`, `${server}`]));
    await waitFor(name, () => isReady('127.0.0.1', port, 'postgres'), { deadlineMs: 5_000, everyMs: 10 });
    running.push({ name, host: '127.0.0.1', port, pid });
  }
  return running;
}

/** `server` is its first process. */
async function measure(relay: Relay, server: number): Promise<Readonly<Record<string, number>>> {
  const core = lastCore(allowedCores());
  pin(relay.pid, core);
  const { medianUs = NaN } = await roundTrips('ping', relay, 10_000, (client, backend) => {
    for (const pid of [client, backend]) if (pid !== undefined) pin(pid, core);
  });
  pin(relay.pid, allowedCores());
  const figures: Record<string, number> = { 'round trip, one core, us': medianUs };
  for (const clients of [1, 16, 64]) {
    const seconds = clients > 16 ? 2 : 1;
    const outcome = await pgbench(
      { ...relay, clients, seconds, connects: false },
      folder,
      () => cpuMs(relay.pid),
    );
    figures[`TPS, ${clients}`] = outcome.perSecond;
    figures[`CPU us, ${clients}`] = outcome.cpuMs * 1000 / outcome.transactions;
  }
  for (const clients of [1, 16, 64]) {
    const outcome = await apart(
      relay.pid,
      server,
      () => pgbench({ ...relay, clients, seconds: 2, connects: false }, folder, () => cpuMs(relay.pid)),
    );
    figures[`TPS, ${clients}, alone on a core`] = outcome.perSecond;
    figures[`CPU us, ${clients}, alone on a core`] = outcome.cpuMs * 1000 / outcome.transactions;
  }
  return figures;
}

await measureByHand(folder, async ({ first }) => {
  await run(['cc', '-O2', '-o', ring, join(import.meta.dirname, 'ring.c')], 60_000);
  const running = await started(first.port);
  const samples = await inRounds(Number(rounds), running, oneByOne((relay) => measure(relay, first.pid!)));
  return ratioTable(running.map(({ name }) => name), samples, () => base);
});
