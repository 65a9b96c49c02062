/**
 * A line of an haproxy.cfg as words: "Quoting and escaping" and "Environment variables" in chapter 2 of HAProxy's
 * configuration manual. Pure.
 */

/** The value of a variable of the environment; undefined: it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface Words {
  readonly words: readonly string[];
  /** Variables that are not set, for which HAProxy puts nothing. */
  readonly unset: readonly string[];
  /** What keeps HAProxy from reading the line. */
  readonly problem?: string;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const variable = /^\$(?:\{([A-Za-z_]\w*)(?:\[\*\])?(?:-([^}]*))?\}|([A-Za-z_]\w*))/;

/** Splits it; a comment is left out. Variables count between double quotes alone; `expanded` is for the addresses. */
export function wordsOf(line: string, env: Lookup): Words {
  const words: string[] = [];
  const unset: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    if (quote === "'") {
      if (char === "'") quote = '';
      else word += char;
    } else if (char === '\\') {
      const [taken, length] = escapeAt(line, at, quote);
      word = (word ?? '') + taken;
      at += length - 1;
    } else if (char === '"' || (char === "'" && quote === '')) {
      word ??= '';
      quote = quote === '' ? char : '';
    } else if (char === '$' && quote === '"') {
      // A name is never longer, and without a bound a line of dollars would take the square of its length.
      const found = variable.exec(line.slice(at, at + 300));
      word = (word ?? '') + (found ? valueOf(found, env, unset) : char);
      at += (found?.[0].length ?? 1) - 1;
    } else if (quote === '' && char === '#') break;
    else if (quote === '' && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  if (quote !== '') {
    return { words, unset, problem: `the quote ${quote} is never closed: HAProxy does not read this` };
  }
  if (words.at(-1) === '\\') {
    return { words, unset, problem: 'ends in a backslash: HAProxy has no lines that go on in the next one' };
  }
  return { words, unset };
}

/** Variables where HAProxy expands them without quotes: in addresses. */
export function expanded(text: string, env: Lookup): Words {
  const unset: string[] = [];
  const pattern = new RegExp(variable.source.slice(1), 'g');
  const word = text.replace(
    pattern,
    (...found) => valueOf(found.slice(0, 4) as unknown as RegExpExecArray, env, unset),
  );
  return { words: [word], unset };
}

function valueOf([, braced, otherwise, bare]: readonly (string | undefined)[], env: Lookup, unset: string[]) {
  const name = braced ?? bare ?? '';
  const value = env(name) ?? otherwise;
  if (value === undefined) unset.push(name);
  return value ?? '';
}

/** What a backslash at `at` stands for, and how many characters that are. */
function escapeAt(line: string, at: number, quote: string): readonly [string, number] {
  const next = line[at + 1] ?? '';
  const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4));
  if (hex) return [String.fromCharCode(parseInt(hex[1]!, 16)), 4];
  if (Object.hasOwn(escapes, next)) return [escapes[next]!, 2];
  if (next !== '' && (' \\#"\''.includes(next) || (next === '$' && quote === '"'))) return [next, 2];
  return ['\\', 1];
}
