/** A package for Fedora, RHEL and their relatives, by rpmbuild. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rpmArchitecture } from './architecture.ts';
import type { Packing } from './format.ts';
import { rpmDate } from './identity.ts';
import { filled } from './template.ts';
import { tool } from './tool.ts';

/** Returns its file. Throws PackageError. What it requires of glibc rpmbuild finds out itself. */
export function makeRpm({ root, folder, out, architecture, identity, level }: Packing): string {
  const target = rpmArchitecture(architecture);
  const top = join(folder, 'rpmbuild');
  mkdirSync(top);
  const spec = join(top, 'pg-gateway.spec');
  writeFileSync(
    spec,
    filled(join(root, 'deploy/packages/rpm/pg-gateway.spec'), {
      VERSION: identity.version,
      RPM_VERSION: identity.sortable,
      REVISION: identity.revision,
      MAINTAINER: identity.maintainer,
      HOMEPAGE: identity.homepage,
      CONTENTS: join(folder, 'contents'),
      RPM_DATE: rpmDate(identity.epoch),
      // With two threads everywhere: their number changes the bytes.
      PAYLOAD: level === undefined ? 'w.ufdio' : `w${level}T2.xzdio`,
    }),
  );
  tool(
    ['rpmbuild', '-bb', '--target', `${target}-linux`, '--define', `_topdir ${top}`, '--quiet', spec],
    { SOURCE_DATE_EPOCH: String(identity.epoch) },
  );
  const name = `pg-gateway-${identity.sortable}-${identity.revision}.${target}.rpm`;
  const file = join(out, basename(name));
  copyFileSync(join(top, 'RPMS', target, name), file);
  return file;
}
