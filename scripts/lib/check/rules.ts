/** What a file may import and name, by its place. The table is the architecture; DEVELOPER.md explains it. */
import { posix } from 'node:path';
import type { Import, Source } from './scan.ts';
import { lineAt } from './scan.ts';

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  /** What is wrong, and why it is a rule, for a person. */
  readonly message: string;
}

export interface ImportRule {
  readonly name: string;
  readonly why: string;
  applies(path: string): boolean;
  /** `target` is the file for a relative import (from the root of the repository), or else the specifier. */
  allows(found: Import, target: string, path: string): boolean;
}

export interface FileRule {
  readonly name: string;
  readonly why: string;
  applies(path: string): boolean;
  /** Offsets into the text of what is wrong. */
  find(source: Source): number[];
}

/** Longer than this, a file under src/ certainly holds two ideas; but what is one object is one file. */
export const maxLines = 400;

/** Where each package may be imported under src/: a file, or a folder with `/` at its end. */
export const packageOwners: Readonly<Record<string, readonly string[]>> = {
  citty: ['src/cli/', 'src/main.ts'],
  consola: ['src/log.ts'],
  'node-forge': ['src/refusal-server/certificate.ts'],
  postgres: ['src/demo/'],
  'smol-toml': ['src/config/config-file.ts'],
  uplot: ['src/admin/page/charts.ts'],
};

/** Where the time of day is for people, or for certificates. */
export const showsTimes: readonly string[] = [
  'src/admin/page/',
  'src/cli/',
  'src/control/controller.ts',
  'src/control/history.ts',
  'src/control/interruptions.ts',
  'src/control/journal.ts',
  'src/control/pause.ts',
  'src/control/samples.ts',
  'src/demo/',
  'src/gateway.ts',
  'src/library/log.ts',
  'src/operations.ts',
  'src/refusal-server/certificate.ts',
];

const within = (...places: string[]) => (path: string): boolean =>
  places.some((place) => place.endsWith('/') ? path.startsWith(place) : path === place);
const inSrc = within('src/');
const anywhere = () => true;
const isRelative = (specifier: string): boolean => /^\.\.?(?:\/|$)/.test(specifier);
const packageOf = (specifier: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;

/** The file that a relative import names, from the root of the repository; other specifiers as they are. */
export function targetOf(path: string, specifier: string): string {
  return isRelative(specifier) ? posix.join(posix.dirname(path), specifier) : specifier;
}

/** The parts of src/, from the lowest up: each may import itself and those that stand before it. */
export const layers = [
  'src/version.ts',
  'src/deferred.ts',
  'src/errors.ts',
  'src/log-events.ts',
  'src/line-writer.ts',
  'src/log.ts',
  'src/cluster/',
  'src/protocol/',
  'src/runtime/',
  'src/contract/',
  'src/probe/',
  'src/refusal-server/',
  'src/config/',
  'src/data/',
  'src/control/',
  'src/admin/',
  'src/part-settings.ts',
  'src/operations.ts',
  'src/gateway.ts',
  'src/demo/',
  'src/library/',
  'src/library.ts',
  'src/cli/',
  'src/main.ts',
] as const;

const layerOf = (path: string): number => layers.findIndex((layer) => within(layer)(path));

export const importRules: readonly ImportRule[] = [
  {
    name: 'layers',
    why:
      'no arrow between the parts of src/ runs back up; `layers` of scripts/lib/check/rules.ts has their order',
    applies: inSrc,
    allows: (_, target, path) => layerOf(target) <= layerOf(path),
  },
  {
    name: 'pure-cluster',
    why: 'cluster/ decides and touches nothing; it imports only itself',
    applies: within('src/cluster/'),
    allows: (_, target) => target.startsWith('src/cluster/'),
  },
  {
    name: 'pure-protocol',
    why: 'protocol/ reads and writes bytes and touches nothing; it imports only itself',
    applies: within('src/protocol/'),
    allows: (_, target) => target.startsWith('src/protocol/'),
  },
  {
    name: 'types-only',
    why: 'the pump imports only types (`import type`), so that it runs in any loop',
    applies: within('src/data/pump.ts'),
    allows: (found) => found.typeOnly,
  },
  {
    name: 'contract-is-a-leaf',
    why: 'contract/ is all that the planes know of each other, and imports nothing but types',
    applies: within('src/contract/'),
    allows: (found, target) => found.typeOnly || target.startsWith('src/contract/'),
  },
  {
    name: 'planes-apart',
    why: 'data/ meets control/, probe/ and admin/ only through contract/ and gateway.ts',
    applies: within('src/data/'),
    allows: ({ specifier }, target) =>
      !isRelative(specifier) || within('src/data/', 'src/contract/', 'src/protocol/', 'src/runtime/')(target),
  },
  {
    name: 'page-in-a-browser',
    why: 'the status page runs in a browser: of the program it imports only types',
    applies: within('src/admin/page/'),
    allows: (found, target) =>
      found.typeOnly || !isRelative(found.specifier) || target.startsWith('src/admin/page/'),
  },
  {
    name: 'runtime-modules',
    why:
      'only src/runtime/ knows a runtime; the others see its interface (the demo, whose clients are of the package ' +
      'postgres, which has sockets of node:net, excepted)',
    applies: (path) => inSrc(path) && !within('src/runtime/', 'src/demo/')(path),
    allows: (_, target) => !/^(?:(?:node:)?net|bun(?::.*)?)$/.test(target),
  },
  {
    name: 'package-owner',
    why: 'each package has its place, listed in packageOwners of scripts/lib/check/rules.ts',
    applies: inSrc,
    allows: ({ specifier }, _, path) =>
      specifier === '' || isRelative(specifier) || /^(?:node|bun):|^(?:net|bun)$/.test(specifier) ||
      within(...packageOwners[packageOf(specifier)] ?? [])(path),
  },
  {
    name: 'src-stands-alone',
    why: 'the program must not need its tests or scripts',
    applies: inSrc,
    allows: ({ specifier }, target) =>
      !isRelative(specifier) || target.startsWith('src/') || target === 'package.json',
  },
  {
    name: 'extension',
    why: 'the runtimes run the sources as they are: a relative import names the file, with .ts',
    applies: anywhere,
    allows: ({ specifier }) => !isRelative(specifier) || /\.(?:ts|json)$/.test(specifier),
  },
  {
    name: 'literal-import',
    why: 'an import() of an expression can be neither checked nor bundled',
    applies: inSrc,
    allows: ({ specifier }) => specifier !== '',
  },
  {
    name: 'worker-url',
    why: 'in the executable import.meta.url is that of the entry, wherever it is written: ' +
      'name a module by URL only in a file directly under src/',
    applies: inSrc,
    allows: ({ kind }, _, path) => kind !== 'url' || posix.dirname(path) === 'src',
  },
];

/** Offsets of all matches in the blanked code. */
const matches = (code: string, pattern: RegExp): number[] =>
  [...code.matchAll(pattern)].map((match) => match.index);

export const fileRules: readonly FileRule[] = [
  {
    name: 'runtime-names',
    why: 'only src/runtime/ names Bun or Deno',
    applies: (path) => inSrc(path) && !path.startsWith('src/runtime/'),
    find: ({ code }) => matches(code, /(?<![\w$])(?:Bun|Deno)(?![\w$])/g),
  },
  {
    name: 'node-20',
    why:
      'Node 20 runs the package of npm and lacks this: src/deferred.ts and src/cluster/group-by.ts stand in',
    applies: inSrc,
    find: ({ code }) =>
      matches(
        code,
        /\bPromise\s*\.\s*(?:withResolvers|try)\b|\b(?:Map|Object)\s*\.\s*groupBy\b|\bArray\s*\.\s*fromAsync\b/g,
      ),
  },
  {
    name: 'monotonic-clock',
    why: 'the clock of the wall is set forward and back, and decides nothing: `Runtime.now`, or ' +
      '`performance.now`; a place that shows times to people is added to showsTimes of scripts/lib/check/rules.ts',
    applies: (path) => inSrc(path) && !within(...showsTimes)(path),
    find: ({ code }) => matches(code, /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|\bDate\s*\(\s*\)/g),
  },
  {
    name: 'no-default-export',
    why: 'a thing has one name, the same in every file that imports it',
    applies: anywhere,
    find: ({ code }) => matches(code, /\bexport\s+default\b|\bexport\s*\{[^}]*\bdefault\b[^}]*\}/g),
  },
  {
    name: 'no-barrel',
    why: 'a file that only re-exports hides where things are; import from the file itself',
    applies: anywhere,
    find: ({ code, imports }) => {
      const statement =
        /\b(?:import|export)\b[\w$*{},\s]*(?:\bfrom\b\s*)?(?:(['"])\s*\1)?(?:\s*with\s*\{[^}]*\})?\s*;?/g;
      const rest = code.replace(statement, '').trim();
      return rest === '' && (imports.some(({ kind }) => kind === 'reexport') || /\bexport\s*\{/.test(code))
        ? [0]
        : [];
    },
  },
  {
    name: 'file-length',
    why: `a file with more than ${maxLines} lines holds two ideas: split it`,
    applies: inSrc,
    find: ({ text }) => lineAt(text, text.length - 1) > maxLines ? [text.length - 1] : [],
  },
  {
    name: 'honest-skip',
    why: 'Deno counts t.skip() as passed; give the test { skip: reason } instead',
    applies: within('test/'),
    find: ({ code }) => matches(code, /\b(?:t|context)\.skip\s*\(/g),
  },
];

/** Everything that is wrong with one file, by both tables. */
export function judge(source: Source): Finding[] {
  const { path, text, imports } = source;
  const findings: Finding[] = [];
  for (const rule of importRules.filter((rule) => rule.applies(path))) {
    for (const found of imports) {
      if (rule.allows(found, targetOf(path, found.specifier), path)) continue;
      const what = found.specifier === '' ? 'imports an expression' : `imports '${found.specifier}'`;
      findings.push({ path, line: found.line, rule: rule.name, message: `${what}: ${rule.why}` });
    }
  }
  for (const rule of fileRules.filter((rule) => rule.applies(path))) {
    for (const offset of rule.find(source)) {
      findings.push({ path, line: lineAt(text, offset), rule: rule.name, message: rule.why });
    }
  }
  return findings;
}
