/** A registry of npm on loopback that has one package: what was packed. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Registry {
  readonly url: string;
  /** What was asked for and is not there, such as a package that ours would need. */
  readonly missed: readonly string[];
  close(): void;
}

export async function startRegistry(
  archive: string,
  manifest: object & { name: string; version: string },
): Promise<Registry> {
  const bytes = readFileSync(archive);
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const shasum = createHash('sha1').update(bytes).digest('hex');
  const missed: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/');
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url, missed, close };
}
