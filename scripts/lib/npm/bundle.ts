/**
 * The sources and their packages as a few files of JavaScript. A user of the package gets nothing else from npm, so nothing
 * else can change under it or fail to install.
 */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { scan } from '../check/scan.ts';
import { BuildError, root, run } from './tools.ts';

/** The library, its errors, the program, and each module that one of them starts by its URL, such as the worker's. */
export function entries(): readonly string[] {
  const top = readdirSync(join(root, 'src')).filter((name) => name.endsWith('.ts')).map((name) =>
    `src/${name}`
  );
  const started = top.flatMap((path) =>
    scan(path, readFileSync(join(root, path), 'utf8')).imports.flatMap(({ kind, specifier }) =>
      kind === 'url' ? [posix.join('src', specifier)] : []
    )
  );
  // The classes of the errors need a script of their own beside their declaration.
  return ['src/library.ts', 'src/errors.ts', 'src/main.ts', ...new Set(started)];
}

/** Fills `folder`: `library.js`, `main.js`, the modules that are started beside them, and what they share. */
export function bundle(folder: string): void {
  const all = entries();
  run('bun', [
    'build',
    ...all,
    '--target=node',
    '--format=esm',
    // One copy of what the entries share, and node-forge only when a certificate is made.
    '--splitting',
    // Beside the entries, as modules are named by URL from there; not minified, so that a stack can be read.
    '--chunk-naming=part-[hash].[ext]',
    '--root=src',
    `--outdir=${folder}`,
  ], root);
  for (const name of scripts(folder)) adjust(join(folder, name));
  const program = join(folder, 'main.js');
  prepend(program, '#!/usr/bin/env node\n');
  chmodSync(program, 0o755);
  // For JSR and Deno, which look for the types of a script in the script.
  for (const name of ['library', 'errors']) {
    prepend(join(folder, `${name}.js`), `/* @ts-self-types="./${name}.d.ts" */\n`);
  }
  const made = scripts(folder);
  const lost = all.map(scriptOf).filter((name) => !made.includes(name));
  if (lost.length > 0) throw new BuildError(`bun build made no ${lost.join(', ')}`);
}

/** The place of an entry in the package. */
export function scriptOf(entry: string): string {
  return posix.relative('src', entry).replace(/\.ts$/, '.js');
}

function scripts(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
}

/**
 * What the bundler leaves as it is. The names of modules that are started; and `require`, by which node-forge gets at
 * node:crypto: it is made for the URL of the script, which from JSR is none of a file, and Node and Deno refuse that. For
 * modules of the runtime alone any file does, with a drive for Windows.
 */
function adjust(path: string): void {
  const text = readFileSync(path, 'utf8')
    .replace(/(new URL\(["'][^"']+)\.ts(["'], import\.meta\.url\))/g, '$1.js$2')
    .replaceAll('createRequire(import.meta.url)', 'createRequire("file:///C:/")');
  const foreign = [...text.matchAll(/\b__require\("([^"]+)"\)/g)].filter(([, name]) => !isBuiltin(name!));
  if (foreign.length > 0) throw new BuildError(`${foreign.join(', ')}: only modules of Node can be required`);
  writeFileSync(path, text);
}

function prepend(path: string, text: string): void {
  writeFileSync(path, text + readFileSync(path, 'utf8'));
}
