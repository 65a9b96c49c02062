/** The wait of a gateway that takes over: another one serves meanwhile, so no client need come before there is a primary. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Controller } from './controller.ts';

/** After that it takes clients, who can wait for one, too. */
const mostMs = 2_000;
const tickMs = 10;

export async function firstVerdict(controller: Pick<Controller, 'route'>): Promise<void> {
  const until = performance.now() + mostMs;
  while (controller.route.primary === undefined && performance.now() < until) await sleep(tickMs);
}
