/** Run by recovery.ts as a thread of its own: asks a server every millisecond whether it is still in recovery. */
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { clientOf } from '../../../test/bed/clients.ts';
import { monotonicMs, type Sighting } from './recovery.ts';

const sql = clientOf(Number(workerData));
let isFirst = true;
for (let lastMs = NaN;;) {
  const [row] = await sql`select pg_is_in_recovery() as yes`;
  const now = monotonicMs();
  if (row?.['yes'] !== true) {
    parentPort?.postMessage({ lastInMs: lastMs, firstOutMs: now } satisfies Sighting);
    break;
  }
  if (isFirst) parentPort?.postMessage('watching');
  isFirst = false;
  lastMs = now;
  await pause(1);
}
await sql.end({ timeout: 0 });
