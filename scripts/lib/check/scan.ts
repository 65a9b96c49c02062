/** Reads TypeScript just well enough to know what a file imports and which names it uses. No parser, no types. */

export interface Import {
  /** What the statement says between the quotes; empty if it is an expression. */
  readonly specifier: string;
  readonly line: number;
  /** `static` imports, `reexport`s, `dynamic` ones, and `url`: a module named by `new URL(…, import.meta.url)`. */
  readonly kind: 'static' | 'reexport' | 'dynamic' | 'url';
  /** `import type` or `export type`. An inline `{ type A }` is none: it still loads the module. */
  readonly typeOnly: boolean;
}

export interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  /** The text with comments, and the insides of strings, templates and regular expressions, as blanks. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export function scan(path: string, text: string): Source {
  const code = blank(text);
  return { path, text, code, imports: findImports(text, code) };
}

/** The line, from 1, of an offset into the text. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

const comment = /\/\/[^\n]*|\/\*[^]*?\*\//y;
const string = /'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"/y;
const templateHead = /`(?:\\[^]|(?!\$\{)[^`\\])*(?:`|\$\{)/y;
const templateTail = /\}(?:\\[^]|(?!\$\{)[^`\\])*(?:`|\$\{)/y;
const regExp = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;

/**
 * Same length and same lines as the text. A slash starts a regular expression where no value can end before it; one
 * that directly follows `)` or `}` is taken for a division, which is right for everything that is written here.
 */
function blank(text: string): string {
  let out = '';
  let at = 0;
  /** Braces open inside each `${` that is open. */
  const templates: number[] = [];
  const take = (pattern: RegExp, keepEnds: number): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found === undefined) return false;
    const inner = found.slice(keepEnds, found.length - keepEnds).replace(/[^\n]/g, ' ');
    out += found.slice(0, keepEnds) + inner + found.slice(found.length - keepEnds);
    at += found.length;
    return true;
  };
  while (at < text.length) {
    const char = text[at] as string;
    if (char === '/' && take(comment, 0)) continue;
    if ((char === "'" || char === '"') && take(string, 1)) continue;
    if (char === '/' && !/(?:[\w$)\]}'"`]|\+\+|--)\s*$/.test(lastLine(out)) && take(regExp, 1)) continue;
    if (char === '`' && take(templateHead, 1)) {
      if (text[at - 1] === '{') templates.push(0);
      continue;
    }
    const depth = templates.at(-1);
    if (char === '}' && depth === 0 && take(templateTail, 1)) {
      if (text[at - 1] === '`') templates.pop();
      continue;
    }
    if (depth !== undefined && char === '{') templates[templates.length - 1] = depth + 1;
    if (depth !== undefined && char === '}') templates[templates.length - 1] = depth - 1;
    out += char;
    at++;
  }
  return out;
}

/** What stands before a slash, on its line. `return /x/` is the one keyword that matters here. */
function lastLine(out: string): string {
  return out.slice(out.lastIndexOf('\n') + 1).replace(/\b(?:return|typeof|case|in|of)\s*$/, '');
}

/** All of these match against the blanked code and end with the quote that opens the specifier, if it is a literal. */
const forms: readonly { kind: Import['kind']; pattern: RegExp }[] = [
  { kind: 'static', pattern: /(?<![.\w$])import\s*(?<quote>['"])/g },
  {
    kind: 'static',
    pattern: /(?<![.\w$])import\b\s*(?<type>type\b(?!\s*(?:,|from\b)))?[\w$*{},\s]*?\bfrom\s*(?<quote>['"])/g,
  },
  {
    kind: 'reexport',
    pattern: /(?<![.\w$])export\b\s*(?<type>type\b)?\s*(?:\*[\w$\s]*|\{[\w$,\s]*\})\s*from\s*(?<quote>['"])/g,
  },
  { kind: 'dynamic', pattern: /(?<![.\w$])(?:import|require)\s*\(\s*(?<quote>['"])?/g },
  { kind: 'url', pattern: /\bnew\s+URL\s*\(\s*(?<quote>['"])(?=\s*['"]\s*,\s*import\.meta\.url\b)/g },
];

function findImports(text: string, code: string): Import[] {
  const imports: Import[] = [];
  for (const { kind, pattern } of forms) {
    for (const match of code.matchAll(pattern)) {
      const { quote, type } = match.groups as { quote?: string; type?: string };
      const start = match.index + match[0].length;
      const specifier = quote === undefined ? '' : text.slice(start, text.indexOf(quote, start));
      if (kind === 'url' && !specifier.endsWith('.ts')) continue;
      imports.push({ specifier, kind, typeOnly: type !== undefined, line: lineAt(text, start) });
    }
  }
  return imports.sort((a, b) => a.line - b.line);
}
