/**
 * The status page as one text. Node cannot import a text, and an executable has no files beside it, so the page comes into
 * the program as a module: src/admin/page/made.ts.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

export const madePath = 'src/admin/page/made.ts';

/** The text of `madePath`. Throws an Error if the page cannot be made. */
export function makePage(): string {
  const style = inline(
    `${minifyCss(read('node_modules/uplot/dist/uPlot.min.css') + read('src/admin/page/page.css'))}`,
  );
  const licence = read('node_modules/uplot/LICENSE').trim().replace(/^/gm, ' * ').replace(/ +$/gm, '');
  const script = inline(`/*!\n * uPlot\n *\n${licence}\n */\n${bundle('src/admin/page/main.ts')}`);
  const html = put(
    put(read('src/admin/page/index.html'), '<style></style>', `<style>${style}</style>`),
    '<script></script>',
    `<script>${script}</script>`,
  );
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return [
    '/** Made by scripts/page out of the other files of this folder and uPlot; scripts/check compares. */',
    '',
    `export const pageHtml: string = ${JSON.stringify(html)};`,
    '',
    '/** What a browser lets the page do: run this script and this style, and ask the gateway. */',
    `export const pagePolicy: string = ${JSON.stringify(policy)};`,
    '',
  ].join('\n');
}

function bundle(entry: string): string {
  const command = ['build', entry, '--minify', '--format=iife', '--target=browser'];
  const { status, stdout, stderr, error } = spawnSync(join(root, 'node_modules/.bin/bun'), command, {
    cwd: root,
    encoding: 'utf8',
  });
  if (error !== undefined || status !== 0) {
    throw new Error(`bun ${command.join(' ')}: ${error?.message ?? stderr}`);
  }
  return stdout.trim();
}

/** Blanks and comments only: what is left is readable. */
function minifyCss(text: string): string {
  return text.replace(/\/\*[^]*?\*\//g, '').replace(/\s+/g, ' ').trim();
}

/** As a function: in a replacement text, `$` has a meaning. */
function put(text: string, place: string, what: string): string {
  if (!text.includes(place)) throw new Error(`src/admin/page/index.html has no ${place}`);
  return text.replace(place, () => what);
}

/** Nothing in it may end the element that it stands in. */
function inline(text: string): string {
  const end = /<\/(?:script|style)|<!--/i.exec(text)?.[0];
  if (end !== undefined) throw new Error(`${end} in the script or the style of the page would end it`);
  return text;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
