/** An haproxy.cfg as sections of directives, with what they have from their `defaults`. Pure. */
import { type Lookup, wordsOf } from './words.ts';

export interface Directive {
  readonly line: number;
  /** Without the `no` before them. */
  readonly words: readonly string[];
  /** `no option tcplog` takes it back. */
  readonly isNegated: boolean;
  /** Variables of the environment in it that are not set. */
  readonly unset: readonly string[];
}

export interface Section {
  /** `listen`, `frontend`, `backend`, `defaults`, `global`, `resolvers` and others. */
  readonly kind: string;
  readonly name: string;
  readonly line: number;
  readonly own: readonly Directive[];
  /** What it has from its `defaults`. */
  readonly inherited: readonly Directive[];
}

/** Something that is wrong with a line, for a person. */
export interface Problem {
  readonly line: number;
  readonly what: string;
}

export interface Configuration {
  readonly sections: readonly Section[];
  /** The environment with what `setenv` adds. */
  readonly env: Lookup;
  readonly problems: readonly Problem[];
}

const kinds = new Set(
  ('global defaults listen frontend backend resolvers peers userlist mailers cache program ring http-errors ' +
    'fcgi-app log-forward log-profile traces crt-store acme').split(' '),
);

/** Those that have directives of their `defaults`. */
const proxies = new Set(['listen', 'frontend', 'backend']);

/** Told at most so many times; a file that is no haproxy.cfg has one in every line. */
const mostProblems = 20;

/** Never throws: what HAProxy could not read either is a problem. */
export function readSections(text: string, environment: Lookup): Configuration {
  const problems: Problem[] = [];
  const own = new Map<string, string | undefined>();
  const env: Lookup = (name) => own.has(name) ? own.get(name) : environment(name);
  const sections: (Section & { own: Directive[] })[] = [];
  const named = new Map<string, readonly Directive[]>();
  let inherited: readonly Directive[] = [];
  let current: Directive[] | undefined;
  for (const [index, content] of text.replace(/^\uFEFF/, '').split('\n').entries()) {
    const line = index + 1;
    const template = /\{\{|\{%|<%/.exec(content.replace(/^\s*#.*/, ''));
    if (template) {
      problems.push({ line, what: `"${template[0]}" is of a template: convert the file that is made of it` });
    }
    const { words, unset, problem } = wordsOf(content, env);
    if (problem !== undefined) problems.push({ line, what: problem });
    const [first, name = ''] = words;
    if (first === undefined || problems.length >= mostProblems) continue;
    if (/^\.(?:notice|warning|alert|diag)$/.test(first)) continue;
    if (/^\.(?:if|elif|else|endif)$/.test(first)) {
      problems.push({ line, what: `${first} is decided by HAProxy at its start: convert a file without it` });
    } else if (kinds.has(first)) {
      current = [];
      const from = words[2] === 'from' ? named.get(words[3] ?? '') : inherited;
      if (from === undefined) {
        problems.push({ line, what: `"${words[3] ?? ''}" is no defaults section above this line` });
      }
      if (first === 'defaults') {
        // One that begins from another has its lines, too.
        current.push(...words[2] === 'from' ? from ?? [] : []);
        inherited = current;
        named.set(name, current);
      }
      // Before HAProxy 1.9 the address could stand behind the name.
      if (proxies.has(first) && words[2] !== undefined && words[2] !== 'from') {
        current.push({ line, words: ['bind', ...words.slice(2)], isNegated: false, unset });
      }
      sections.push({
        kind: first,
        name,
        line,
        own: current,
        inherited: proxies.has(first) ? from ?? [] : [],
      });
    } else if (current === undefined) {
      problems.push({ line, what: `"${first}" stands before any section, so this is hardly an haproxy.cfg` });
    } else {
      const isNegated = first === 'no';
      current.push({ line, words: isNegated ? words.slice(1) : words, isNegated, unset });
      if (sections.at(-1)?.kind === 'global') setVariable(words, own, env);
    }
  }
  return { sections, env, problems };
}

function setVariable(
  [keyword = '', name = '', value = '']: readonly string[],
  own: Map<string, string | undefined>,
  env: Lookup,
): void {
  if (keyword === 'setenv' || (keyword === 'presetenv' && env(name) === undefined)) own.set(name, value);
  if (keyword === 'unsetenv') own.set(name, undefined);
}

/** The directives that count, those of `defaults` first, each a whole line that begins with `words`. */
export function directives({ own, inherited }: Section, ...words: readonly string[]): readonly Directive[] {
  return [...inherited, ...own].filter((one) => words.every((word, index) => one.words[index] === word));
}

/** The one that counts: the last in the section, or else in its `defaults`; undefined also where it was taken back. */
export function directive(section: Section, ...words: readonly string[]): Directive | undefined {
  const found = directives(section, ...words).at(-1);
  return found?.isNegated ? undefined : found;
}
