/** The files of a package, as they lie on the machine where it is installed. */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { commands } from '../../../src/cli/commands.ts';
import { completionFor } from '../../../src/cli/completion/completion.ts';
import { manualOf } from '../../../src/cli/manual/command.ts';
import { copyright } from './copyright.ts';
import { debianDate, type Identity } from './identity.ts';
import { settingsFile } from './settings-file.ts';

interface Wanted {
  /** Of the repository. */
  readonly root: string;
  /** Where the files go, as if it were `/`. It is made. */
  readonly folder: string;
  readonly executable: string;
  readonly identity: Identity;
  readonly format: 'deb' | 'rpm';
}

/** Every file has the time of the identity, so that the same sources make the same bytes. */
export function writeContents({ root, folder, executable, identity, format }: Wanted): void {
  const put = (path: string, content: string | Uint8Array, mode = 0o644): void => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
  };
  const source = (path: string): string => readFileSync(join(root, path), 'utf8');

  mkdirSync(join(folder, 'usr/bin'), { recursive: true });
  copyFileSync(executable, join(folder, 'usr/bin/pg_gateway'));
  chmodSync(join(folder, 'usr/bin/pg_gateway'), 0o755);
  for (const unit of ['pg_gateway.service', 'pg_gateway.socket', 'pg_gateway-standby.socket']) {
    put(`usr/lib/systemd/system/${unit}`, source(`deploy/systemd/${unit}`));
  }
  put('usr/lib/sysusers.d/pg_gateway.conf', source('deploy/systemd/pg_gateway.sysusers'));
  put('etc/pg_gateway/pg_gateway.env', settingsFile(), 0o640);
  put('usr/share/man/man1/pg_gateway.1.gz', zipped(manualOf(commands, new Date(identity.epoch * 1000))));
  put('usr/share/bash-completion/completions/pg_gateway', completionFor('bash', commands));
  put(`usr/share/zsh/${zshFolder[format]}/_pg_gateway`, completionFor('zsh', commands));
  put('usr/share/fish/vendor_completions.d/pg_gateway.fish', completionFor('fish', commands));

  const documents = 'usr/share/doc/pg-gateway';
  const licences = copyright(root, identity.homepage);
  if (format === 'deb') {
    put(`${documents}/copyright`, licences);
    put(`${documents}/changelog.gz`, zipped(source('CHANGELOG.md')));
    put(`${documents}/changelog.Debian.gz`, zipped(debianChangelog(identity)));
    put('usr/share/lintian/overrides/pg-gateway', source('deploy/packages/debian/lintian-overrides'));
  } else {
    put(`${documents}/CHANGELOG.md`, source('CHANGELOG.md'));
    put('usr/share/licenses/pg-gateway/LICENSE', licences);
  }
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    utimesSync(join(folder, path), identity.epoch, identity.epoch);
  }
}

/** Where each distribution looks for those of packages. */
const zshFolder = { deb: 'vendor-completions', rpm: 'site-functions' } as const;

/** Without a name or time in it. */
function zipped(text: string): Uint8Array {
  return gzipSync(text, { level: 9 });
}

function debianChangelog({ version, sortable, revision, maintainer, epoch }: Identity): string {
  return `pg-gateway (${sortable}-${revision}) stable; urgency=medium

  * Version ${version}: changelog.gz tells what is new.

 -- ${maintainer}  ${debianDate(epoch)}
`;
}
