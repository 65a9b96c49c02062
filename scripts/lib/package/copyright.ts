/** The licences of all that is in the executable, as plain text. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { licenseOf } from '../license.ts';

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** No dependency of the program: the status page has it in itself. */
const inThePage = ['uplot'] as const;

const rule = '-'.repeat(78);

export function copyright(root: string, homepage: string): string {
  const { dependencies = {} } = manifestOf(root);
  const others = [...Object.keys(dependencies), ...inThePage].map((name) => {
    const { version } = manifestOf(join(root, 'node_modules', name));
    const text = withoutGpl(licenseOf(root, name));
    return `${rule}\n${name} ${version}, which is in the executable:\n\n${text}\n`;
  });
  return `pg_gateway, from ${homepage}:\n\n${readFileSync(join(root, 'LICENSE'), 'utf8').trim()}\n\n${
    others.join('\n')
  }${rule}\nThe GNU Library General Public License, version 2: on Debian /usr/share/common-licenses/LGPL-2.\n`;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** Where there is a choice: whoever takes the GPL finds it on the machine, and Debian wants no second copy. */
function withoutGpl(text: string): string {
  const [before = '', after] = text.split(/^\s*GNU GENERAL PUBLIC LICENSE$/m);
  return after === undefined
    ? text.trim()
    : `${before.trim()}\nThe GNU General Public License, version 2: on Debian /usr/share/common-licenses/GPL-2.`;
}
