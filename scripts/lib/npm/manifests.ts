/** What npm and JSR are told of the package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './tools.ts';

const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** Under which names it is published. */
export const names = read('deploy/names.json') as { readonly npm: string; readonly repository: string };

const program = read('package.json') as {
  readonly version: string;
  readonly description: string;
  readonly license: string;
};

export function npmManifest(): string {
  const { version, description, license } = program;
  return text({
    name: names.npm,
    version,
    description,
    license,
    keywords: [
      'postgresql',
      'postgres',
      'proxy',
      'failover',
      'high-availability',
      'patroni',
      'load-balancer',
      'testing',
    ],
    homepage: `${names.repository}#readme`,
    bugs: `${names.repository}/issues`,
    repository: { type: 'git', url: `git+${names.repository}.git` },
    type: 'module',
    engines: { node: '>=20' },
    bin: { pg_gateway: 'main.js' },
    // For tools that do not know `exports`.
    main: './library.js',
    types: './library.d.ts',
    exports: {
      '.': { types: './library.d.ts', default: './library.js' },
      './package.json': './package.json',
    },
    publishConfig: { access: 'public' },
  });
}

/** JSR has the library under the same name; the program is for npm and `deno install npm:`. */
export function jsrManifest(): string {
  const { version, license } = program;
  return text({
    name: names.npm,
    version,
    license,
    exports: './library.js',
  });
}

function text(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
