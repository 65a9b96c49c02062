/** The licences of all that is in the executable, as plain text. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly homepage?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** No dependency of the program: the status page has it in itself. */
const inThePage = ['uplot'] as const;

const rule = '-'.repeat(78);

export function copyright(root: string, homepage: string): string {
  const { dependencies = {} } = manifestOf(root);
  const others = [...Object.keys(dependencies), ...inThePage].map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license, homepage } = manifestOf(folder);
    const file = join(folder, 'LICENSE');
    // Bun's package has no text of its own, and Bun consists of more than itself.
    const text = existsSync(file) ? withoutGpl(readFileSync(file, 'utf8')) : `${license}.

The texts, and those of all its parts, are at ${homepage}, with the sources. Of these parts
JavaScriptCore and WebCore of WebKit are under the GNU Library General Public License,
version 2 or later, which on Debian is /usr/share/common-licenses/LGPL-2.`;
    return `${rule}\n${name} ${version}, which is in the executable:\n\n${text}\n`;
  });
  return `pg_gateway, from ${homepage}:\n\n${readFileSync(join(root, 'LICENSE'), 'utf8').trim()}\n\n${
    others.join('\n')
  }`;
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
