/** What the HTTP port shows. */
import { type Page, page, type Pages } from './http.ts';
import { renderMetrics } from './metrics.ts';
import type { Snapshot } from './snapshot.ts';
import { statusOf } from './status.ts';

export function pagesOf(snapshot: () => Snapshot): Pages {
  return {
    '/metrics': () => page(renderMetrics(snapshot()), 200, 'text/plain; version=0.0.4; charset=utf-8'),
    '/status': () => json(statusOf(snapshot())),
    '/journal': () => json(snapshot().journal),
    // Alive as long as it answers; ready as long as it takes clients. Neither depends on the database: a gateway
    // that is restarted or taken out because of its database can hold no client.
    '/live': () => page('alive\n'),
    '/ready': () => {
      const { isDraining, route } = snapshot();
      return isDraining ? page('draining\n', 503) : page(`ready; ${route.reason}\n`);
    },
  };
}

function json(value: unknown): Page {
  return page(`${JSON.stringify(value, null, 2)}\n`, 200, 'application/json');
}
