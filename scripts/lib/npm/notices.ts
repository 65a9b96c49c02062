/** The licences of what is bundled in: whoever passes it on must pass them on, too. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageOwners } from '../check/rules.ts';
import { licenseOf } from '../license.ts';
import { BuildError, root } from './tools.ts';

/** Those of the packages in the scripts of `folder`, as one text. Throws BuildError where one says none. */
export function notices(folder: string): string {
  const parts = bundled(folder).map((name) => {
    const from = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
    if (license === undefined) throw new BuildError(`${name} does not say under which licence it is`);
    return `${name} ${version} (${license})\n\n${licenseOf(root, name).trim()}\n`;
  });
  return `This package contains these, which have licences of their own.\n\n${
    parts.join(`\n${'-'.repeat(72)}\n\n`)
  }`;
}

/** The bundler names each module in a comment. What the status page is made of is in its text. */
export function bundled(folder: string): readonly string[] {
  const ofPage = Object.entries(packageOwners)
    .filter(([, places]) => places.some((place) => place.startsWith('src/admin/page/')))
    .map(([name]) => name);
  const inScripts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)]
        .map(([, name]) => name!)
    );
  return [...new Set([...ofPage, ...inScripts])].sort();
}
