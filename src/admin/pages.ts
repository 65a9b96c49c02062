/** What the HTTP port shows. */
import { checksOf } from './checks.ts';
import { formatFor, render } from './exposition.ts';
import { json, page } from './http.ts';
import type { Pages } from './metrics-port.ts';
import { metricsOf } from './metrics.ts';
import { processFigures } from './process-figures.ts';
import type { Snapshot } from './snapshot.ts';
import { statusOf } from './status.ts';

/** A worker that is silent for so long does not come back by itself. */
const deadWorkerMs = 10_000;

export function pagesOf(snapshot: () => Snapshot): Pages {
  return {
    '/metrics': ({ headers }) => {
      const format = formatFor(headers.accept);
      return page(render(metricsOf(snapshot(), processFigures()), format), 200, format.contentType);
    },
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
      const { isDraining, route } = snapshot();
      return isDraining ? page('draining\n', 503) : page(`ready; ${route.reason}\n`);
    },
    ...checksOf(snapshot),
  };
}
