/** The metrics port: pages for scrapers and people. It only reads. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, messageOf, StartError } from '../errors.ts';
import type { MetricsToken } from '../config/metrics-token.ts';
import { addressText } from '../runtime/addresses.ts';
import {
  type Answer,
  type Faulted,
  type HttpServer,
  type Page,
  page,
  type Question,
  serveHttp,
} from './http.ts';

/** Paths, and what each shows when it is asked. In `/candidates/NAME/...` NAME stands for any name, which is given decoded. */
export type Pages = Readonly<Record<string, (question: Question, name: string) => Page>>;

/** Asked by load balancers of many kinds; HAProxy's own choice is OPTIONS. */
const methods = ['GET', 'HEAD', 'OPTIONS'];

/** Without a token, too: probes of Kubernetes can hold no secret, and the reason of a route is all that they show. */
const openPaths = ['/live', '/ready'];

const ofCandidate = /^\/candidates\/([^/]+)(?=\/)/;

/** What a scraper may hold open or be slow with. */
const limits = { connections: 100, requestMs: 1_000, lifeMs: 5_000, bodyBytes: 0 } as const;

/** How soon a port that is in use is tried again. */
const retryMs = 10;

/** Rejects with StartError if the port cannot be had, or is in use for longer than `patienceMs`. */
export async function serveMetricsPort(
  host: string,
  port: number,
  pages: Pages,
  token: MetricsToken = undefined,
  patienceMs = 0,
  faulted?: Faulted,
): Promise<HttpServer> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      return await serveHttp({ host, port }, answerFrom(pages, token), limits, faulted);
    } catch (error) {
      if (performance.now() >= until || codeOf(error) !== 'EADDRINUSE') throw cannotServe(host, port, error);
      await pause(retryMs);
    }
  }
}

function answerFrom(pages: Pages, token: MetricsToken): Answer {
  return (question) => {
    const { method, path, headers } = question;
    const wanted = token?.();
    if (
      wanted !== undefined && !openPaths.includes(path) && !isSame(tokenIn(headers.authorization), wanted)
    ) {
      return unauthorized;
    }
    const allow = methods.join(', ');
    if (!methods.includes(method)) {
      return { ...page('This port only reads: use GET.\n', 405), headers: { allow } };
    }
    const answer = pageAt(pages, question) ??
      page(`There is no ${path} here; there is ${Object.keys(pages).join(', ')}.\n`, 404);
    return method === 'OPTIONS' ? { ...answer, body: '', headers: { ...answer.headers, allow } } : answer;
  };
}

const unauthorized: Page = {
  ...page('This port wants the token of METRICS_TOKEN: send "Authorization: Bearer TOKEN".\n', 401),
  headers: { 'www-authenticate': 'Bearer realm="pg_gateway", Basic realm="pg_gateway"' },
};

/** A browser can send a token only as the password of Basic, whatever the user's name. */
function tokenIn(authorization = ''): string {
  const [, scheme = '', given = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(authorization) ?? [];
  if (scheme.toLowerCase() !== 'basic') return given;
  return Buffer.from(given, 'base64').toString().replace(/^[^:]*:/, '');
}

/** In a time that tells nothing of where two differ; the digests are equally long, as they must be for that. */
function isSame(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}

function pageAt(pages: Pages, question: Question): Page | undefined {
  const { path } = question;
  const name = decoded(ofCandidate.exec(path)?.[1] ?? '');
  const key = path.replace(ofCandidate, '/candidates/NAME');
  const show = Object.hasOwn(pages, key) ? pages[key] : undefined;
  return name === undefined ? undefined : show?.(question, name);
}

/** Undefined: its percent signs mean nothing. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function cannotServe(host: string, port: number, error: unknown): StartError {
  const what = `cannot serve metrics on ${addressText({ host, port })}`;
  return new StartError(
    codeOf(error) === 'EADDRINUSE'
      ? `${what}: something listens there already (EADDRINUSE), perhaps another pg_gateway. Stop it, set METRICS_PORT to another port, or to "off".`
      : `${what}: ${messageOf(error)}. Check METRICS_HOST and METRICS_PORT.`,
  );
}
