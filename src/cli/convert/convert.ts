/** `pg_gateway convert haproxy.cfg`: our settings, made of an haproxy.cfg with PostgreSQL servers. */
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ArgsDef, defineCommand } from 'citty';
import { readConfig } from '../../config/config.ts';
import { codeOf, ConfigError, StartError } from '../../errors.ts';
import { oneLine } from '../../protocol/printable.ts';
import { print, say } from '../print.ts';
import { type Conversion, convertConfiguration, type Gateway } from './gateways.ts';
import type { Told } from './proxies.ts';
import { render, renderLeftOut } from './render.ts';
import { readSections } from './sections.ts';
import type { Lookup } from './words.ts';

/** Those of people have a few hundred lines. */
const maxBytes = 1024 * 1024;

const ownArgs: ArgsDef = {
  primary: {
    type: 'string',
    valueHint: 'name,...',
    description:
      'listen or frontend sections whose clients want the primary, where their checks do not say so',
  },
  replicas: {
    type: 'string',
    valueHint: 'name,...',
    description: 'those whose clients want a standby',
  },
  out: {
    type: 'string',
    valueHint: 'folder',
    description: 'write a file NAME.env for each gateway (default: print them)',
  },
};

export const convert = defineCommand({
  meta: {
    name: 'convert',
    description:
      'Print the settings that take the place of FILE, an haproxy.cfg ("-": standard input). Changes nothing.',
  },
  args: ownArgs,
  run({ args, rawArgs }) {
    const { path, out, told } = readArgs(args, rawArgs);
    const text = contentOf(path);
    const file = path === '-' ? 'haproxy.cfg' : oneLine(basename(path));
    const conversion = convertText(text, told, (name) => process.env[name]);
    const { gateways, leftOut, problems } = conversion;
    if (problems.length > 0) {
      throw new StartError(
        ['it cannot be converted as it is:', ...problems.map(({ line, what }) => `${file}:${line}: ${what}.`)]
          .map(oneLine).join('\n'),
      );
    }
    for (const line of renderLeftOut(leftOut, file)) say(`pg_gateway: ${line}`);
    if (gateways.length === 0) {
      throw new StartError(
        `${file} has nothing that could be converted: see above, and docs/moving/haproxy.md.`,
      );
    }
    const texts = gateways.map((gateway) => ({ gateway, text: render(gateway, file) }));
    for (const { gateway, text } of texts) verify(gateway, text);
    if (out === undefined) show(texts);
    else for (const { gateway, text } of texts) write(join(out, fileOf(gateway, gateways)), text);
    say(`pg_gateway: ${summary(conversion, file)}`);
    return 0;
  },
});

/** Pure; with problems the gateways are not to be used. */
export function convertText(text: string, told: Told, env: Lookup): Conversion {
  const configuration = readSections(text, env);
  if (configuration.problems.length > 0) {
    return { gateways: [], leftOut: [], problems: configuration.problems };
  }
  const names = new Set(
    configuration.sections.filter(({ kind }) => /^(?:listen|frontend)$/.test(kind)).map(({ name }) => name),
  );
  const strange = [...told.primary, ...told.replicas].filter((name) => !names.has(name));
  if (strange.length > 0) {
    throw new ConfigError(
      strange.map((name) =>
        `"${name}" is no listen or frontend of the file; it has ${[...names].join(', ') || 'none'}`
      ),
    );
  }
  return convertConfiguration(configuration, told);
}

function readArgs(
  { _: words, ...flags }: { _: string[]; [name: string]: unknown },
  rawArgs: readonly string[],
): { readonly path: string; readonly out: string | undefined; readonly told: Told } {
  const problems: string[] = [];
  const known = Object.keys(ownArgs);
  for (const arg of rawArgs) {
    const [, name] = /^--?([^=]+)/.exec(arg) ?? [];
    if (name !== undefined && !known.includes(name)) {
      problems.push(`${arg} is no flag of convert: it takes ${known.map((name) => `--${name}`).join(', ')}`);
    }
  }
  const given = (name: string): string | undefined => {
    const value = flags[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '' && !value.startsWith('--')) return value;
    problems.push(`--${name} needs a value: ${ownArgs[name]!.valueHint}`);
    return undefined;
  };
  const list = (name: string): string[] => given(name)?.split(',').filter((one) => one !== '') ?? [];
  const told = { primary: list('primary'), replicas: list('replicas') };
  const both = told.primary.filter((name) => told.replicas.includes(name));
  if (both.length > 0) problems.push(`--primary and --replicas both have ${both.join(', ')}`);
  const out = given('out');
  const [path, ...more] = words;
  if (path === undefined) problems.push('say which file: pg_gateway convert /etc/haproxy/haproxy.cfg');
  if (more.length > 0) problems.push(`"${more[0]}" is one argument too many`);
  if (problems.length > 0 || path === undefined) throw new ConfigError([...new Set(problems)]);
  return { path, out, told };
}

/** Not more than that is read, of a pipe or a device either. Throws StartError. */
function contentOf(path: string): string {
  const bytes = new Uint8Array(maxBytes + 1);
  let length = 0;
  try {
    const file = path === '-' ? 0 : openSync(path, 'r');
    try {
      for (;;) {
        const read = readSync(file, bytes, length, bytes.length - length, null);
        length += read;
        if (read === 0 || length === bytes.length) break;
      }
    } finally {
      if (path !== '-') closeSync(file);
    }
  } catch (error) {
    throw new StartError(`${path} cannot be read (${codeOf(error)}): check the path and its permissions.`);
  }
  if (length > maxBytes) throw new StartError(`${path} is too large: more than ${maxBytes} bytes.`);
  return new TextDecoder().decode(bytes.subarray(0, length));
}

/** As the program itself will read it, so that a result which it would refuse is not given. Throws StartError. */
function verify({ name, settings }: Gateway, text: string): void {
  const notFound = () => {
    throw Object.assign(new Error('it is not there'), { code: 'ENOENT' });
  };
  try {
    readConfig({
      flags: { CONFIG_FILE: name },
      env: {},
      files: { read: (path) => path === name ? text : notFound(), list: () => [], mode: () => undefined },
      account: { osUser: 'gateway', home: undefined },
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const from = (problem: string) =>
      settings.filter(({ name }) => problem.includes(name)).flatMap(({ lines }) => lines).slice(0, 8).join(
        ', ',
      );
    const told = error.problems.map((one) => from(one) === '' ? one : `${one} (line ${from(one)})`);
    throw new StartError(['it cannot be converted as it is:', ...told].map(oneLine).join('\n'));
  }
}

/** Several are no file for CONFIG_FILE: the lines between them keep it from being one. */
function show(texts: readonly { readonly gateway: Gateway; readonly text: string }[]): void {
  texts.forEach(({ gateway, text }, index) => {
    if (texts.length > 1) {
      const end = index === 0 ? '' : '\n';
      print(`${end}===== gateway ${index + 1} of ${texts.length}, ${gateway.name}: a file of its own =====`);
    }
    print(text);
  });
}

function fileOf({ name }: Gateway, all: readonly Gateway[]): string {
  const safe = (text: string) => text.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 100);
  const same = all.filter((other) => safe(other.name) === safe(name));
  const index = same.findIndex((other) => other.name === name);
  return `${safe(name)}${index > 0 ? `-${index + 1}` : ''}.env`;
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, `${text}\n`, { flag: 'wx', mode: 0o640 });
  } catch (error) {
    const code = codeOf(error);
    throw new StartError(
      code === 'EEXIST'
        ? `${path} is there already: move it away, or name another folder.`
        : `${path} cannot be written (${code}): see to its folder, or name another one.`,
    );
  }
  print(path);
}

function summary({ gateways }: Conversion, file: string): string {
  const first = gateways.reduce(
    (sum, { remarks }) => sum + remarks.filter(({ isFirst }) => isFirst).length,
    0,
  );
  const many = gateways.length === 1
    ? 'one gateway takes its place'
    : `${gateways.length} gateways take its place, each with a file of its own (--out FOLDER writes them)`;
  const todo = first === 0
    ? ''
    : ` ${first === 1 ? 'One thing' : `${first} things`} to see to before clients move.`;
  const where = gateways.length === 1 ? 'it' : 'each';
  return `${file}: ${many}.${todo} The comments at the end of ${where} tell what is not the same.`;
}
