/** A registry of packages behind a private certificate authority: all that it has comes from the one that npm uses here. */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { selfSigned } from '../../bed/certificate.ts';

export interface Registry {
  readonly url: string;
  /** The certificate of its authority, as PEM. */
  readonly authority: string;
  /** The packages whose archives were fetched, without versions. */
  readonly fetched: ReadonlySet<string>;
  close(): void;
}

const upstream = (): string =>
  execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim().replace(/\/$/, '');

/** Undefined if the registry of this machine answers, or else why it does not. */
export async function registryTrouble(): Promise<string | undefined> {
  try {
    const { ok, status } = await fetch(`${upstream()}/bun`, {
      method: 'HEAD',
      signal: AbortSignal.timeout(10_000),
    });
    return ok ? undefined : `the npm registry answers with status ${status}`;
  } catch (error) {
    return `the npm registry cannot be reached from this process: ${(error as Error).message}`;
  }
}

export async function startRegistry(): Promise<Registry> {
  const from = upstream();
  const { certificate, key } = selfSigned();
  const fetched = new Set<string>();
  const server = createServer({ cert: certificate, key }, async (request, response) => {
    try {
      const path = request.url ?? '/';
      const answer = await fetch(`${from}${path}`, { headers: { accept: request.headers.accept ?? '*/*' } });
      const archive = /^\/(.+)\/-\/[^/]+\.tgz$/.exec(path)?.[1];
      if (archive !== undefined) fetched.add(decodeURIComponent(archive));
      const bytes = Buffer.from(await answer.arrayBuffer());
      const isText = answer.headers.get('content-type')?.includes('json') ?? false;
      response.writeHead(answer.status, {
        'content-type': answer.headers.get('content-type') ?? 'text/plain',
      });
      // Where archives lie is written in what is told of a package.
      response.end(isText ? bytes.toString().replaceAll(from, url) : bytes);
    } catch (error) {
      response.writeHead(502).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url, authority: certificate, fetched, close };
}
