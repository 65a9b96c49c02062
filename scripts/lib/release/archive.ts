/** Archives with the same bytes for the same content: sorted, owned by nobody in particular, at a time that is given. */
import { createReadStream, createWriteStream, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { runTool } from './run-tool.ts';

/**
 * Packs the folder `name` of `parent` into `parent`, and returns the file's name. gzip although xz makes it a quarter
 * smaller: slim containers and some Macs have no xz, and packing six of them would take a quarter of an hour.
 */
export async function tarGz(parent: string, name: string, epoch: number): Promise<string> {
  const tar = join(parent, `${name}.tar`);
  await runTool('tar', [
    ...[
      '--create',
      '--file',
      tar,
      '--format=gnu',
      '--sort=name',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
    ],
    ...['--mode=u=rwX,go=rX', `--mtime=@${epoch}`, '--directory', parent, name],
  ], { cwd: parent });
  // Its head has neither a name nor a time, as with gzip -n.
  await pipeline(createReadStream(tar), createGzip({ level: 9 }), createWriteStream(`${tar}.gz`));
  rmSync(tar);
  return `${name}.tar.gz`;
}

/** The same as .zip. */
export async function zip(parent: string, name: string, epoch: number): Promise<string> {
  const files = readdirSync(join(parent, name)).sort().map((file) => join(name, file));
  for (const file of files) utimesSync(join(parent, file), epoch, epoch);
  // zip writes local times; -X leaves out who owns a file.
  await runTool('zip', ['-X', '-9', '-q', `${name}.zip`, ...files], { cwd: parent, env: { TZ: 'UTC' } });
  return `${name}.zip`;
}
