/** The types of the library, as declarations: Node strips no types in packages, and who imports one needs not compile ours. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { root, run } from './tools.ts';

/** An import or a type that is imported in place, with the names before it and `.ts` at the end of the specifier. */
const statement = /^import (?:type )?\{([^}]*)\} from (['"])(\.[^'"\n]*)\.ts\2/gm;
const inPlace = /\bimport\((['"])(\.[^'"\n]*)\.ts\1\)/g;

/** Puts `library.d.ts` into `folder`, beside `library.js`, and the declarations that it needs. */
export function declare(folder: string): void {
  const all = mkdtempSync(join(tmpdir(), 'types-'));
  try {
    run('tsc', ['-p', join(import.meta.dirname, 'tsconfig.json'), '--outDir', all], root);
    const needed = new Set(['library']);
    for (const name of needed) {
      const text = readFileSync(join(all, 'src', `${name}.d.ts`), 'utf8');
      const placeOf = (specifier: string): string => posix.join(posix.dirname(name), specifier);
      for (const [, , , specifier] of text.matchAll(statement)) needed.add(placeOf(specifier!));
      for (const [, , specifier] of text.matchAll(inPlace)) needed.add(placeOf(specifier!));
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      const hasScript = (specifier: string) => existsSync(join(folder, `${placeOf(specifier)}.js`));
      writeFileSync(join(folder, `${name}.d.ts`), renamed(text, hasScript));
    }
  } finally {
    rmSync(all, { recursive: true });
  }
}

/**
 * The specifiers as the package has its files. Where there is a script the import stays one of values; a declaration alone
 * may be named for its types only, and by its own name, which JSR wants.
 */
function renamed(text: string, hasScript: (specifier: string) => boolean): string {
  return text
    .replace(statement, (line, names: string, quote: string, specifier: string) => {
      if (hasScript(specifier)) return line.replace(/\.ts(['"])$/, '.js$1');
      return `import type {${names.replace(/\btype /g, '')}} from ${quote}${specifier}.d.ts${quote}`;
    })
    .replace(inPlace, 'import($1$2.d.ts$1)');
}
