/** The configuration file: lines NAME=value, or TOML where its name ends in .toml. Every mistake is told with its line. */
import { parseEnv } from 'node:util';
import { parse, TomlError } from 'smol-toml';
import { messageOf } from '../errors.ts';

/** One value of the file. */
export interface FileValue {
  readonly name: string;
  readonly text: string;
  readonly line: number;
}

/** What a file has; a problem is told by its line. */
export interface FileContents {
  readonly values: readonly FileValue[];
  readonly problems: readonly { readonly line: number; readonly what: string }[];
}

/** `path` tells the form. Of a name that is there twice the last one counts, except in TOML, where it is a mistake. */
export function readConfigFile(path: string, text: string): FileContents {
  // A byte order mark, which editors of Windows write, would become a part of the first name.
  const plain = text.replace(/^\uFEFF/, '');
  return path.endsWith('.toml') ? readToml(plain) : readLines(plain);
}

function readLines(text: string): FileContents {
  const problems: { line: number; what: string }[] = [];
  const values = new Map<string, FileValue>();
  text.split(/\r?\n/).forEach((content, index) => {
    const line = index + 1;
    if (/^\s*(#|$)/.test(content)) return;
    const [, name, value = ''] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/.exec(content) ?? [];
    // The line itself may hold a secret, so it is not repeated.
    const what = name === undefined ? 'this is not NAME=value' : troubleOf(value);
    if (what !== undefined) problems.push({ line, what: name === undefined ? what : `${name}: ${what}` });
    else if (name !== undefined) values.set(name, { name, text: textIn(content, name), line });
  });
  return { values: [...values.values()], problems };
}

/** parseEnv returns a plain object, in which `__proto__` is no key of its own. */
function textIn(content: string, name: string): string {
  const values = parseEnv(content);
  return Object.hasOwn(values, name) ? values[name] ?? '' : '';
}

/** What of a value would be lost: parseEnv takes a "#" anywhere for a comment, and passes over what follows a quote. */
function troubleOf(value: string): string | undefined {
  const [, quote, rest] = /^\s*(["'`])(.*)$/.exec(value) ?? [];
  if (quote === undefined || rest === undefined) {
    return /^[^#]*(?<=\S)#|^#/.test(value)
      ? 'the "#" would begin a comment: put the value in quotes, or a blank before a comment'
      : undefined;
  }
  const end = rest.indexOf(quote);
  if (end < 0) return `the quote ${quote} is not closed on its line`;
  return /^\s*(#|$)/.test(rest.slice(end + 1))
    ? undefined
    : `something follows the quote that closes the value: put all of it between quotes that are not in it`;
}

/** Names in capitals or not, with underscores or dashes: `hold-ms = "10s"`. */
function readToml(text: string): FileContents {
  let table: Record<string, unknown>;
  try {
    table = parse(text);
  } catch (error) {
    const line = error instanceof TomlError ? error.line : 1;
    // Its message goes on with the line itself, which may hold a secret.
    return { values: [], problems: [{ line, what: messageOf(error).split('\n')[0] ?? '' }] };
  }
  const problems: { line: number; what: string }[] = [];
  const values: FileValue[] = [];
  for (const [key, value] of Object.entries(table)) {
    const line = lineOfKey(text, key);
    const written = textOf(value);
    if (written === undefined) {
      problems.push({ line, what: `${key} is neither text, a number, true, false, nor a list of those` });
    } else values.push({ name: key.toUpperCase().replaceAll('-', '_'), text: written, line });
  }
  return { values, problems };
}

function lineOfKey(text: string, key: string): number {
  const written = [key, `"${key}"`, `'${key}'`, `[${key}]`, `[[${key}]]`];
  const isIt = (line: string): boolean => written.includes(line.split(/[=.#]/)[0]!.trim());
  return 1 + Math.max(0, text.split('\n').findIndex(isIt));
}

/** A list is joined by commas, as CANDIDATES is written; undefined: a setting cannot be that. */
function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const texts = value.map(textOf);
    return texts.every((text) => text !== undefined) ? texts.join(',') : undefined;
  }
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : undefined;
}
