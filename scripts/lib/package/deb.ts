/** A package for Debian and Ubuntu, by dpkg-deb. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Packing } from './format.ts';
import { filled } from './template.ts';
import { tool } from './tool.ts';

const scripts = ['postinst', 'prerm', 'postrm'] as const;

/** Returns its file. Throws PackageError. */
export function makeDeb({ root, folder, out, architecture, glibc, identity, level }: Packing): string {
  const contents = join(folder, 'contents');
  const control = join(contents, 'DEBIAN');
  const templates = join(root, 'deploy/packages/debian');
  const files = filesIn(contents);
  const version = `${identity.sortable}-${identity.revision}`;
  mkdirSync(control);
  const put = (name: string, text: string): void => writeFileSync(join(control, name), text, { mode: 0o644 });
  put('md5sums', files.map((path) => `${md5(join(contents, path))}  ${path}\n`).join(''));
  put(
    'control',
    filled(join(templates, 'control'), {
      DEB_VERSION: version,
      DEB_ARCHITECTURE: architecture,
      MAINTAINER: identity.maintainer,
      HOMEPAGE: identity.homepage,
      GLIBC: glibc,
      // As dpkg-gencontrol reckons it, without the folders.
      INSTALLED_KIB: String(
        files.reduce((sum, path) => sum + Math.ceil(statSync(join(contents, path)).size / 1024), 0),
      ),
    }),
  );
  copyFileSync(join(templates, 'conffiles'), join(control, 'conffiles'));
  for (const name of scripts) {
    copyFileSync(join(templates, name), join(control, name));
    chmodSync(join(control, name), 0o755);
  }
  const file = join(out, `pg-gateway_${version}_${architecture}.deb`);
  tool(
    [
      'dpkg-deb',
      '--root-owner-group',
      ...(level === undefined ? ['-Znone'] : ['-Zxz', `-z${level}`]),
      '--build',
      contents,
      file,
    ],
    // Times that are newer become this one.
    { SOURCE_DATE_EPOCH: String(identity.epoch) },
  );
  return file;
}

/** By their paths, in one order everywhere; without conffiles, whose sums dpkg keeps elsewhere. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith('etc/'))
    .sort();
}

function md5(file: string): string {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}
