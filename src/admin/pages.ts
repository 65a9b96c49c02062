/** What the HTTP port shows. */
import { json, page } from './http.ts';
import type { Pages } from './metrics-port.ts';
import { renderMetrics } from './metrics.ts';
import type { Snapshot } from './snapshot.ts';
import { statusOf } from './status.ts';

/** A worker that is silent for so long does not come back by itself. */
const deadWorkerMs = 10_000;

export function pagesOf(snapshot: () => Snapshot): Pages {
  return {
    '/metrics': () => page(renderMetrics(snapshot()), 200, 'text/plain; version=0.0.4; charset=utf-8'),
    '/status': () => json(statusOf(snapshot())),
    '/journal': () => json(snapshot().journal),
    // Alive as long as it answers and its workers move; ready as long as it takes clients. Neither depends on the database: a gateway
    // that is restarted or taken out because of its database can hold no client.
    '/live': () => {
      const { workerSilentMs } = snapshot();
      return workerSilentMs < deadWorkerMs ? page('alive\n') : page(
        `a worker has not moved for ${Math.round(workerSilentMs / 1000)} s: restart the gateway\n`,
        503,
      );
    },
    '/ready': () => {
      const { isDraining, paused, route } = snapshot();
      if (isDraining) return page('draining\n', 503);
      // It takes clients, and has them wait: to take it out would turn them away.
      const pause = paused && `; paused by ${paused.by} until ${paused.until.toISOString()}`;
      return page(`ready${pause ?? ''}; ${route.reason}\n`);
    },
  };
}
