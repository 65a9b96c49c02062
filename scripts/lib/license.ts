/** Under which licence a package is that is inside of what people get. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Texts that a package does not bring, or that is not installed where the image is built. */
export const ownTexts = 'deploy/licenses/parts';

/** The text. Throws an Error where there is none. */
export function licenseOf(root: string, name: string): string {
  const folder = join(root, 'node_modules', name);
  const file = readdirSync(folder).find((entry) => /^(?:un)?licen[cs]e/i.test(entry));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8');
  const own = join(root, ownTexts, `${name}.txt`);
  if (existsSync(own)) return readFileSync(own, 'utf8');
  throw new Error(`${name} comes without the text of its licence: write it to ${ownTexts}/${name}.txt`);
}
