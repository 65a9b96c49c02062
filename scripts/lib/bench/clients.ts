/**
 * What a list of many clients costs: the bytes of an idle session, how long the list takes, and for how long a session
 * that works waits meanwhile. By hand, as it takes half a minute a runtime:
 *
 *   GATEWAY_RUNTIME=bun node_modules/.bin/node scripts/lib/bench/clients.ts [COUNT [native|portable]]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startCluster } from '../../../test/bed/cluster.ts';
import { patient, runProgram, startGateway } from '../../../test/bed/gateway.ts';
import { QuietSession } from '../../../test/bed/quiet-session.ts';
import { lineOf } from './children.ts';
import { startCrowd, startStandIn } from './idle.ts';
import { memoryOf } from './proc.ts';

const [count = '5000', engine = 'auto'] = process.argv.slice(2);
const settleMs = 4_000;
const folder = mkdtempSync(join(tmpdir(), 'clients-'));
const control = join(folder, 'control.sock');
const cluster = await startCluster();
const standIn = await startStandIn({ host: '127.0.0.1', port: cluster.first.port });
const gateway = await startGateway({
  CANDIDATES: `127.0.0.1:${standIn.port}`,
  CONTROL_SOCKET: control,
  ENGINE: engine,
  NUM_THREADS: '1',
  ...patient,
});
await gateway.routesTo(standIn.port);
const place = { host: '127.0.0.1', port: gateway.port };
const crowds = [];
for (const size of [Math.ceil(Number(count) / 10), Number(count)]) {
  const before = memoryOf(gateway.pid).restBytes;
  const crowd = await startCrowd(place, size);
  crowds.push(crowd);
  const { held } = await lineOf(crowd, 0, 120_000);
  await pause(settleMs);
  console.log(
    `${held} sessions: ${Math.round((memoryOf(gateway.pid).restBytes - before) / Number(held))} bytes each`,
  );
}

/** The longest round trip of a session that asks without a pause, until `work` is done. */
async function worstWhile(work: () => Promise<unknown>): Promise<number> {
  const session = await QuietSession.open(gateway.port);
  let [worstMs, isOver] = [0, false];
  const done = work().finally(() => isOver = true);
  while (!isOver) {
    const from = performance.now();
    await session.ping();
    worstMs = Math.max(worstMs, performance.now() - from);
  }
  await done;
  session.end();
  return worstMs;
}

const list = async () => {
  const { code, stdout, stderr } = await runProgram(['clients', '--json', '--control-socket', control]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout).clients.length;
};
const over = async () => {
  const { request } = await import('node:http');
  const from = performance.now();
  const bytes = await new Promise<number>((resolve) => {
    let length = 0;
    request({ socketPath: control, path: '/clients', method: 'POST' }, (response) => {
      response.on('data', (chunk) => length += chunk.length).on('end', () => resolve(length));
    }).end();
  });
  return `${bytes} bytes in ${Math.round(performance.now() - from)} ms`;
};

try {
  console.log(
    `worst round trip of 2 s without a list: ${(await worstWhile(() => pause(2_000))).toFixed(1)} ms`,
  );
  for (let round = 0; round < 3; round++) {
    let answer = '';
    const worst = await worstWhile(async () => {
      answer = await over();
    });
    console.log(`the list: ${answer}; worst round trip meanwhile: ${worst.toFixed(1)} ms`);
  }
  console.log(`the command lists ${await list()} clients`);
} catch (error) {
  console.log(`no list: ${error}`);
}
for (const crowd of crowds) await crowd.end();
await gateway.stop();
await standIn.end();
await cluster.close();
rmSync(folder, { recursive: true });
