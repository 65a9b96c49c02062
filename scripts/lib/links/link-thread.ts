/** A bad link in a thread of its own, run by remote-link.ts: it needs as much of a processor as the gateway does. */
import { parentPort, workerData } from 'node:worker_threads';
import { ToxicLink } from '../../../test/bed/toxic-link.ts';
import type { Order, Sight } from './remote-link.ts';

const link = await ToxicLink.open(workerData);
const tell = (): void => {
  const { port, passed, cuts, connections } = link;
  parentPort!.postMessage({ port, passed, cuts, connections } satisfies Sight);
};
parentPort!.on('message', ({ directions, which }: Order) => {
  if (directions !== undefined) link.set(directions, which);
  tell();
});
tell();
