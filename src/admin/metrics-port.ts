/** The metrics port: pages for scrapers and people. It only reads. */
import { codeOf, messageOf, StartError } from '../errors.ts';
import { addressText } from '../runtime/addresses.ts';
import { type Answer, type HttpServer, type Page, page, type Question, serveHttp } from './http.ts';

/** Paths, and what each shows when it is asked. In `/candidates/NAME/...` NAME stands for any name, which is given decoded. */
export type Pages = Readonly<Record<string, (question: Question, name: string) => Page>>;

/** Asked by load balancers of many kinds; HAProxy's own choice is OPTIONS. */
const methods = ['GET', 'HEAD', 'OPTIONS'];

const ofCandidate = /^\/candidates\/([^/]+)(?=\/)/;

/** What a scraper may hold open or be slow with. */
const limits = { connections: 100, requestMs: 1_000, lifeMs: 5_000, bodyBytes: 0 } as const;

/** Rejects with StartError if the port cannot be had. */
export async function serveMetricsPort(host: string, port: number, pages: Pages): Promise<HttpServer> {
  try {
    return await serveHttp({ host, port }, answerFrom(pages), limits);
  } catch (error) {
    throw cannotServe(host, port, error);
  }
}

function answerFrom(pages: Pages): Answer {
  return (question) => {
    const { method, path } = question;
    const allow = methods.join(', ');
    if (!methods.includes(method)) {
      return { ...page('This port only reads: use GET.\n', 405), headers: { allow } };
    }
    const answer = pageAt(pages, question) ??
      page(`There is no ${path} here; there is ${Object.keys(pages).join(', ')}.\n`, 404);
    return method === 'OPTIONS' ? { ...answer, body: '', headers: { ...answer.headers, allow } } : answer;
  };
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
