/** What is inside of an executable: Bun, and the packages that src/ may import. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageOwners } from '../check/rules.ts';
import { licenseOf, ownTexts } from '../license.ts';

export interface Part {
  readonly name: string;
  readonly version: string;
  /** The text of its licence. */
  readonly license: string;
}

/** In the order of their names. `scripts/check` holds the list to what is imported. */
export function packagesInside(): readonly string[] {
  return Object.keys(packageOwners).sort();
}

/** Throws an Error if one of them has dependencies of its own: they would be inside too, and missing here. */
export function partsOf(root: string): readonly Part[] {
  return packagesInside().map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, dependencies = {} } = readJson(join(folder, 'package.json'));
    const further = Object.keys(dependencies);
    if (further.length > 0) {
      throw new Error(`${name} brings ${further.join(', ')}: add them to packagesInside`);
    }
    return { name, version, license: licenseOf(root, name) };
  });
}

/** Bun does not bring its licence; the package of its types has the page, of the same version, and our copy is of it. */
export function bunOf(root: string): Part {
  const { version } = readJson(join(root, 'node_modules/bun/package.json'));
  const types = join(root, 'node_modules/bun-types');
  const told = readJson(join(types, 'package.json')).version;
  if (told !== version) throw new Error(`bun is ${version}, and bun-types with its licence ${told}`);
  const page = readFileSync(join(types, 'docs/project/license.mdx'), 'utf8').replace(/^---\n.*?\n---\n/s, '');
  const license = licenseOf(root, 'bun');
  if (license.trim() !== page.trim()) {
    throw new Error(`the licence of bun has changed: take that of bun-types over to ${ownTexts}/bun.txt`);
  }
  return { name: 'bun', version, license };
}

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function readJson(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
}
