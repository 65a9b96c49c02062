/** An HTTP server that bounds all that a client can hold: the metrics port and the control socket stand on it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../errors.ts';
import { after } from '../runtime/clock.ts';
import { GarbageCollection } from '../runtime/garbage.ts';
import type { Address } from '../runtime/runtime.ts';

export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Question {
  readonly method: string;
  /** Without the query; decoded by nobody. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Empty unless the limits allow one. */
  readonly body: string;
}

/** What it throws, or rejects with, is a fault of the program: the client reads that, and the program goes on. */
export type Answer = (question: Question) => Page | Promise<Page>;

export type Faulted = (where: string, error: unknown) => void;

export interface HttpServer {
  /** 0 for a unix socket. */
  readonly port: number;
  close(): void;
}

/** One connection is one question. */
export interface HttpLimits {
  readonly connections: number;
  /** For the question to arrive. */
  readonly requestMs: number;
  /** For the whole of a connection. */
  readonly lifeMs: number;
  readonly bodyBytes: number;
}

/** Node looks for slow requests only every 30 s unless told otherwise, whatever their limits are. */
const checkMs = 500;

export function page(body: string, status = 200, type = 'text/plain; charset=utf-8'): Page {
  return { status, type, body };
}

/** JSON that is text already, and may be megabytes: this thread does not write it a second time. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export function json(value: unknown, status = 200): Page {
  const text = value instanceof JsonText ? value.text : JSON.stringify(value, null, 2);
  return page(`${text}\n`, status, 'application/json');
}

/** Rejects with what `listen` says if the address cannot be had. `faulted` hears of each fault of the program. */
export function serveHttp(
  address: Address,
  answer: Answer,
  limits: HttpLimits,
  faulted: Faulted = () => {},
): Promise<HttpServer> {
  const served = new WeakSet<object>();
  const server: Server = createServer({ connectionsCheckingInterval: checkMs }, (request, response) => {
    // The answers to a client that goes on asking and reads none would all be kept in memory.
    if (served.has(request.socket)) return void request.socket.destroy();
    served.add(request.socket);
    respond(request, response, answer, limits.bodyBytes, faulted).catch((error) => {
      faulted('http', error);
      request.socket.destroy();
    });
  });
  server.requestTimeout = limits.requestMs;
  server.headersTimeout = limits.requestMs;
  const open = new Set<{ destroy(): void }>();
  const garbage = new GarbageCollection({ after });
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
      garbage.closed();
    });
  });
  return new Promise((resolve, reject) => {
    // Not once: an accept that fails is told as an error, too, and without a listener that would be the end of the program.
    server.on('error', reject);
    const listening = (): void => {
      const bound = server.address();
      resolve({
        port: typeof bound === 'object' && bound ? bound.port : 0,
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      });
    };
    if ('path' in address) server.listen(address.path, listening);
    else server.listen(address.port, address.host, listening);
  });
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  maxBytes: number,
  faulted: Faulted,
): Promise<void> {
  const body = maxBytes === 0 ? '' : await bodyOf(request, maxBytes);
  // It has left, or said too much.
  if (body === undefined) return void request.socket.destroy();
  const { method = '', url = '', headers } = request;
  const [path = '', query = ''] = url.split('?', 2);
  const question = { method, path, query: new URLSearchParams(query), headers, body };
  const { status, type, body: text, headers: more } = await answered(answer, question, faulted);
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    connection: 'close',
    ...more,
  });
  response.end(method === 'HEAD' ? undefined : text);
}

async function answered(answer: Answer, question: Question, faulted: Faulted): Promise<Page> {
  try {
    return await answer(question);
  } catch (error) {
    faulted('page', error);
    return page(`unexpected: ${messageOf(error)}\n`, 500);
  }
}

function bodyOf(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) resolve(undefined);
      else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString()));
    request.once('error', () => resolve(undefined));
    request.once('close', () => resolve(undefined));
  });
}
