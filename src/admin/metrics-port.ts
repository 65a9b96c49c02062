/** The metrics port: pages for scrapers and people. It only reads. */
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, messageOf, StartError } from '../errors.ts';
import { addressText } from '../runtime/addresses.ts';
import { type Answer, type HttpServer, type Page, page, serveHttp } from './http.ts';

/** A path of the metrics port, and what it shows when it is asked. */
export type Pages = Readonly<Record<string, () => Page>>;

/** What a scraper may hold open or be slow with. */
const limits = { connections: 100, requestMs: 1_000, lifeMs: 5_000, bodyBytes: 0 } as const;

/** How soon a port that is in use is tried again. */
const retryMs = 10;

/** Rejects with StartError if the port cannot be had, or is in use for longer than `patienceMs`. */
export async function serveMetricsPort(
  host: string,
  port: number,
  pages: Pages,
  patienceMs = 0,
): Promise<HttpServer> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      return await serveHttp({ host, port }, answerFrom(pages), limits);
    } catch (error) {
      if (performance.now() >= until || codeOf(error) !== 'EADDRINUSE') throw cannotServe(host, port, error);
      await pause(retryMs);
    }
  }
}

function answerFrom(pages: Pages): Answer {
  return ({ method, path }) => {
    if (method !== 'GET' && method !== 'HEAD') {
      return { ...page('This port only reads: use GET.\n', 405), headers: { allow: 'GET, HEAD' } };
    }
    const show = Object.hasOwn(pages, path) ? pages[path] : undefined;
    return show
      ? show()
      : page(`There is no ${path} here; there is ${Object.keys(pages).join(', ')}.\n`, 404);
  };
}

function cannotServe(host: string, port: number, error: unknown): StartError {
  const what = `cannot serve metrics on ${addressText({ host, port })}`;
  return new StartError(
    codeOf(error) === 'EADDRINUSE'
      ? `${what}: something listens there already (EADDRINUSE), perhaps another pg_gateway. Stop it, set METRICS_PORT to another port, or to "off".`
      : `${what}: ${messageOf(error)}. Check METRICS_HOST and METRICS_PORT.`,
  );
}
