/** What the HTTP port shows. */
import type { Entry } from '../route/journal.ts';
import { page, type Pages } from './http.ts';
import { renderMetrics, type Snapshot } from './metrics.ts';

export interface Shown {
  readonly snapshot: () => Snapshot;
  readonly journal: () => readonly Entry[];
  readonly isDraining: () => boolean;
}

export function pagesOf({ snapshot, journal, isDraining }: Shown): Pages {
  return {
    '/metrics': () => page(renderMetrics(snapshot()), 200, 'text/plain; version=0.0.4; charset=utf-8'),
    '/journal': () => page(`${JSON.stringify(journal(), null, 2)}\n`, 200, 'application/json'),
    // Alive as long as it answers; ready as long as it takes clients. Neither depends on the database: a gateway
    // that is restarted or taken out because of its database can hold nobody.
    '/live': () => page('alive\n'),
    '/ready': () => isDraining() ? page('draining\n', 503) : page(`ready; ${snapshot().route.reason}\n`),
  };
}
