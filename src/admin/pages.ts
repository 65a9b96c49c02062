/** What the HTTP port shows. */
import { longestSilenceMs } from '../control/worker-watch.ts';
import { checksOf } from './checks.ts';
import { formatFor, render } from './exposition.ts';
import { historyOf } from './history.ts';
import { json, type Page, page } from './http.ts';
import type { Pages } from './metrics-port.ts';
import { metricsOf } from './metrics.ts';
import { pageHtml, pagePolicy } from './page/made.ts';
import { processFigures } from './process-figures.ts';
import type { Snapshot } from './snapshot.ts';
import { statusOf } from './status-of.ts';

/** A worker that is silent for so long does not come back by itself. */
export const deadWorkerMs = 10_000;

/** The page draws what the others say: nothing of it comes from anywhere else, and nobody may put it into a frame. */
const statusPage: Page = {
  ...page(pageHtml, 200, 'text/html; charset=utf-8'),
  headers: {
    'content-security-policy': pagePolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  },
};

export function pagesOf(snapshot: () => Snapshot): Pages {
  const checks = checksOf(snapshot);
  return {
    // HAProxy's `option httpchk` asks OPTIONS of / and means Patroni's "are you the primary".
    '/': (question) => question.method === 'OPTIONS' ? checks['/primary']!(question, '') : statusPage,
    '/metrics': ({ headers }) => {
      const format = formatFor(headers.accept);
      return page(render(metricsOf(snapshot(), processFigures()), format), 200, format.contentType);
    },
    '/status': () => json(statusOf(snapshot())),
    '/journal': () => json(snapshot().journal),
    '/history': () => page(`${JSON.stringify(historyOf(snapshot()))}\n`, 200, 'application/json'),
    // Alive as long as it answers and its workers move; ready as long as it takes clients. Neither depends on the database: a gateway
    // that is restarted or taken out because of its database can hold no client.
    '/live': () => {
      const workerSilentMs = longestSilenceMs(snapshot().workers);
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
    ...checks,
  };
}
