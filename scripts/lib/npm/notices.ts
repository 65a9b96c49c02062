/** The licences of what is bundled in: whoever passes it on must pass them on, too. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageOwners } from '../check/rules.ts';
import { BuildError, root } from './tools.ts';

/** All packages that the sources may import, with the page's, whose text is in the program. */
export function notices(): string {
  const parts = Object.keys(packageOwners).sort().map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
    if (file === undefined) throw new BuildError(`${name} has no file with its licence`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return `This package contains these, which have licences of their own.\n\n${
    parts.join(`\n${'-'.repeat(72)}\n\n`)
  }`;
}
