/** The licences of all that is inside of an executable, as one text. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bunOf, type Part, partsOf } from './parts.ts';

/** Licences that Bun's page names and does not have: those that must come along with a program. */
const texts = 'deploy/licenses';

export function licensesText(root: string, repository: string): string {
  const bun = bunOf(root);
  const head = `pg_gateway is under the MIT license, which is in LICENSE. In its executable are also:

${[bun, ...partsOf(root)].map(({ name, version }) => `  ${name} ${version}`).join('\n')}

Bun has JavaScriptCore and others in it that are under the LGPL. To run pg_gateway on a Bun that you have changed,
build it anew from its sources, ${repository} :
bun build --compile --compile-executable-path YOUR_BUN, as in scripts/lib/build/main.ts.
`;
  const licenses = readdirSync(join(root, texts)).filter((name) => name.endsWith('.txt')).sort().map((file) =>
    section(file.replace(/\.txt$/, ''), readFileSync(join(root, texts, file), 'utf8'))
  );
  return [head, ...[bun, ...partsOf(root)].map(ofPart), ...licenses].join('\n');
}

const ofPart = ({ name, version, license }: Part): string => section(`${name} ${version}`, license);

function section(title: string, text: string): string {
  return `${'='.repeat(80)}\n${title}\n${'='.repeat(80)}\n\n${text.trim()}\n`;
}
