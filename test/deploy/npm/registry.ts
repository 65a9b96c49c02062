/** Registries on loopback that have one package: what was packed for npm, and what is published to JSR. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface Registry {
  readonly url: string;
  /** What was asked for and is not there, such as a package that ours would need. */
  readonly missed: readonly string[];
  close(): void;
}

/** The files of `folder` at their paths below `url`, as JSR has those of a package. */
export async function startJsr(folder: string): Promise<Pick<Registry, 'url' | 'close'>> {
  return await serving((path, response) => {
    const file = join(folder, path);
    if (!existsSync(file)) return void response.writeHead(404).end();
    const type = path.endsWith('.js') ? 'text/javascript' : 'application/typescript';
    response.writeHead(200, { 'content-type': type }).end(readFileSync(file));
  });
}

async function serving(
  answer: (path: string, response: ServerResponse) => void,
): Promise<Pick<Registry, 'url' | 'close'>> {
  const server = createServer((request, response) =>
    answer(decodeURIComponent(request.url ?? '/'), response)
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

export async function startRegistry(
  archive: string,
  manifest: object & { name: string; version: string },
): Promise<Registry> {
  const bytes = readFileSync(archive);
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const shasum = createHash('sha1').update(bytes).digest('hex');
  const missed: string[] = [];
  const { url, close } = await serving((path, response) => {
    if (path === '/archive.tgz') return void response.end(bytes);
    if (path !== `/${manifest.name}`) {
      missed.push(path);
      return void response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    }
    const { name, version } = manifest;
    const dist = { tarball: `${url}/archive.tgz`, integrity, shasum };
    const about = { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(about));
  });
  return { url, missed, close };
}
