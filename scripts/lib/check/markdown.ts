/** What a reader of the Markdown files stumbles over: markdownlint's rules for that, and three of our own. */
import { posix } from 'node:path';
import type { Configuration, MicromarkToken, Rule } from 'markdownlint';
import { lint } from 'markdownlint/sync';
import type { Finding } from './rules.ts';

/** Every file of the repository by its path from the root; a text where it is Markdown. */
export type Tree = ReadonlyMap<string, string | undefined>;

/** Only what hides or breaks something on the page; how it is written is the author's business. */
export const lintRules: Configuration = {
  default: false,
  'heading-increment': true,
  'link-fragments': true,
  'no-empty-links': true,
  'reference-links-images': true,
  'table-column-count': true,
};

export function checkMarkdown(tree: Tree): Finding[] {
  const strings: Record<string, string> = {};
  for (const [path, text] of tree) if (text !== undefined) strings[path] = text;
  const results = lint({
    strings,
    config: { ...lintRules, 'closed-fences': true, 'relative-links': true, 'named-paths': true },
    customRules: [closedFences, relativeLinks(tree), namedPaths(tree)],
  });
  return Object.entries(results).flatMap(([path, errors]) =>
    errors.map(({ lineNumber, ruleNames, ruleDescription, errorDetail, errorContext }) => ({
      path,
      line: lineNumber,
      rule: ruleNames.at(-1) as string,
      message: [ruleDescription, errorDetail, errorContext].filter((part) => part).join(': '),
    }))
  );
}

/**
 * CommonMark closes a fence that nobody closed at the end of its container, and takes "```sh" inside of a block for code.
 * So a forgotten fence is never an error to it, and turns the page inside out up to the next bare one.
 */
const closedFences: Rule = {
  names: ['closed-fences'],
  description: 'A code block ends with a fence of its own before the next one begins',
  tags: ['code'],
  parser: 'micromark',
  function: ({ parsers, lines }, onError) => {
    for (const block of flatten(parsers.micromark.tokens).filter(({ type }) => type === 'codeFenced')) {
      const opening = /[`~]{3,}/.exec(block.text)?.[0] ?? '';
      const isClosed = block.children.filter(({ type }) => type === 'codeFencedFence').length === 2;
      const inner = lines.slice(block.startLine, isClosed ? block.endLine - 1 : block.endLine);
      const isOpening = new RegExp(`^[\\s>]*${opening[0]}{${opening.length},}\\s*[^\\s${opening[0]}]`);
      const next = inner.findIndex((line) => isOpening.test(line));
      if (isClosed && next === -1) continue;
      const where = next === -1 ? 'the end of the text' : `line ${block.startLine + 1 + next}`;
      onError({ lineNumber: block.startLine, detail: `not closed before ${where}` });
    }
  },
};

/** markdownlint looks at links within one text only. */
function relativeLinks(tree: Tree): Rule {
  const exists = existsIn(tree);
  return {
    names: ['relative-links'],
    description: 'A relative link leads to a file of the repository, and to a heading of it',
    tags: ['links'],
    parser: 'micromark',
    function: ({ name, parsers }, onError) => {
      const targets = ['resourceDestinationString', 'definitionDestinationString'];
      for (const { type, text, startLine } of flatten(parsers.micromark.tokens)) {
        if (!targets.includes(type) || /^(?:[a-z][a-z\d+.-]*:|#|\/\/)/i.test(text)) continue;
        const [file = '', fragment] = decodeURI(text).split('#');
        const path = posix.join(posix.dirname(name), file);
        if (!exists(path)) onError({ lineNumber: startLine, detail: `there is no ${path}` });
        else if (fragment !== undefined && !hasFragment(tree.get(path), fragment)) {
          onError({ lineNumber: startLine, detail: `${path} has no heading for #${fragment}` });
        }
      }
    },
  };
}

/** Asks markdownlint, which knows how headings become fragments, by linking to it from within. */
function hasFragment(text: string | undefined, fragment: string): boolean {
  if (text === undefined) return false;
  const link = `[x](#${fragment})`;
  const { target } = lint({
    strings: { target: `${link}\n\n${text}` },
    config: { default: false, 'link-fragments': true },
  });
  return target?.every(({ lineNumber }) => lineNumber !== 1) ?? false;
}

/** Commands to type and files to read, links aside: what begins with a folder of the root must be there. */
function namedPaths(tree: Tree): Rule {
  const exists = existsIn(tree);
  const folders = [
    ...new Set([...tree.keys()].filter((path) => path.includes('/')).map((path) => path.split('/')[0])),
  ];
  const named = new RegExp(
    `(?<!\\]\\(|[\\w./@-])(?:${folders.join('|').replaceAll('.', '\\.')})/[\\w./-]*`,
    'g',
  );
  return {
    names: ['named-paths'],
    description: 'A file or command that is named exists',
    tags: ['code'],
    parser: 'none',
    function: ({ lines }, onError) => {
      for (const [at, line] of lines.entries()) {
        for (const [match] of line.matchAll(named)) {
          const path = match.replace(/[./-]+$/, '');
          if (!exists(path)) onError({ lineNumber: at + 1, detail: `there is no ${path}` });
        }
      }
    },
  };
}

function existsIn(tree: Tree): (path: string) => boolean {
  const paths = new Set(['.']);
  for (let path of tree.keys()) for (; path !== '.'; path = posix.dirname(path)) paths.add(path);
  return (path) => paths.has(path.replace(/\/$/, ''));
}

function flatten(tokens: readonly MicromarkToken[]): MicromarkToken[] {
  return tokens.flatMap((token) => [token, ...flatten(token.children)]);
}
