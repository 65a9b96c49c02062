/** The HTTP port: `/metrics`, `/live`, `/ready`. It only reads. */
import { createServer, type Server } from 'node:http';
import { codeOf, messageOf, StartError } from '../errors.ts';
import { addressText } from '../runtime/addresses.ts';

export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** A path of the HTTP port, and what it shows when it is asked. */
export type Pages = Readonly<Record<string, () => Page>>;

export interface HttpServer {
  readonly port: number;
  close(): void;
}

/** What a scraper may hold open or be slow with. One connection is one question. */
const limits = { connections: 100, requestMs: 1_000, lifeMs: 5_000, checkMs: 500 } as const;

export function page(body: string, status = 200, type = 'text/plain; charset=utf-8'): Page {
  return { status, type, body };
}

/** Rejects with StartError if the port cannot be had. */
export function serveHttp(host: string, port: number, pages: Pages): Promise<HttpServer> {
  const served = new WeakSet<object>();
  // Node looks for slow requests only every 30 s unless told otherwise, whatever their limits are.
  const server: Server = createServer(
    { connectionsCheckingInterval: limits.checkMs },
    (request, response) => {
      // The answers to a client that goes on asking and reads none would all be kept in memory.
      if (served.has(request.socket)) return void request.socket.destroy();
      served.add(request.socket);
      const { status, type, body } = answer(request.method ?? '', request.url ?? '', pages);
      response.writeHead(status, {
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        connection: 'close',
        ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    },
  );
  server.requestTimeout = limits.requestMs;
  server.headersTimeout = limits.requestMs;
  const open = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    // Whoever asks is answered soon: the oldest makes room, or silent ones would keep out the probes of `/live`.
    open.add(socket);
    const [oldest] = open;
    if (open.size > limits.connections) {
      open.delete(oldest!);
      oldest!.destroy();
    }
    // No client keeps its connection for long, not even one that reads nothing.
    const life = setTimeout(() => socket.destroy(), limits.lifeMs);
    socket.once('close', () => {
      clearTimeout(life);
      open.delete(socket);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotServe(host, port, error)));
    server.listen(port, host, () => {
      resolve({
        port: (server.address() as { port: number }).port,
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      });
    });
  });
}

function answer(method: string, url: string, pages: Pages): Page {
  if (method !== 'GET' && method !== 'HEAD') return page('This port only reads: use GET.\n', 405);
  const path = url.split('?')[0] ?? '';
  const show = Object.hasOwn(pages, path) ? pages[path] : undefined;
  return show ? show() : page(`There is no ${path} here; there is ${Object.keys(pages).join(', ')}.\n`, 404);
}

function cannotServe(host: string, port: number, error: unknown): StartError {
  const what = `cannot serve metrics on ${addressText({ host, port })}`;
  return new StartError(
    codeOf(error) === 'EADDRINUSE'
      ? `${what}: something listens there already (EADDRINUSE), perhaps another pg_gateway. Stop it, set METRICS_PORT to another port, or to "off".`
      : `${what}: ${messageOf(error)}. Check METRICS_HOST and METRICS_PORT.`,
  );
}
