/** `scripts/npm`: the library and the program as a package for npm and JSR, of JavaScript that Node 20 runs. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { bundle } from './bundle.ts';
import { jsrManifest, names, npmManifest } from './manifests.ts';
import { notices } from './notices.ts';
import { BuildError, root, run } from './tools.ts';
import { declare } from './types.ts';

const usage = `scripts/npm [--out FOLDER]

Builds the package that is published to npm, with all that it needs bundled in, and packs it:

  dist/npm/package/     what is in it
  dist/npm/*.tgz        the same as an archive for \`npm publish\`, \`npm install\` and \`npx\`
  dist/npm/jsr/         the library of it, as \`deno publish\` wants it for JSR

  --out FOLDER   in a new folder, instead of in dist/npm, which is replaced as a whole
  --help

Exit code 0: built; 1: could not be built; 2: unknown option.
`;

function build(folder: string): void {
  bundle(folder);
  declare(folder);
  writeFileSync(join(folder, 'package.json'), npmManifest());
  cpSync(join(root, 'deploy/npm/README.md'), join(folder, 'README.md'));
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  writeFileSync(join(folder, 'LICENSES-OF-PARTS.txt'), notices(folder));
}

/** Deno would take package.json for the list of what is installed here, and the program is not for JSR. */
function copyForJsr(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !/[/\\](?:package\.json|main\.js)$/.test(path) });
  writeFileSync(join(to, 'jsr.json'), jsrManifest());
}

/** The path of the archive. */
function pack(folder: string, into: string): string {
  const told = run('npm', ['pack', '--json', '--pack-destination', into], folder);
  const [{ filename }] = JSON.parse(told) as [{ filename: string }];
  return join(into, filename);
}

function main(args: readonly string[]): number {
  const [option, out = 'dist/npm', ...more] = args;
  if (option !== undefined && (option !== '--out' || args.length === 1 || more.length > 0)) {
    const isHelp = option === '--help';
    if (!isHelp) console.error(`scripts/npm: "${args.join(' ')}" is no way to call it\n`);
    console.log(usage.trimEnd());
    return isHelp ? 0 : 2;
  }
  const place = option === undefined ? join(root, out) : resolve(out);
  if (option !== undefined && existsSync(place)) {
    console.error(`scripts/npm: ${out} is there already: name a folder that is not`);
    return 1;
  }
  mkdirSync(dirname(place), { recursive: true });
  // Beside its destination, so that nobody ever takes half of it.
  const folder = mkdtempSync(join(dirname(place), '.npm-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  rmSync(place, { recursive: true, force: true });
  try {
    const contents = join(folder, 'package');
    mkdirSync(contents);
    build(contents);
    const archive = pack(contents, folder);
    copyForJsr(contents, join(folder, 'jsr'));
    renameSync(folder, place);
    const path = relative(process.cwd(), archive.replace(folder, place));
    const size = (statSync(archive.replace(folder, place)).size / 1000).toFixed(0);
    console.log(`${path}: ${names.npm}, ${size} kB`);
    return 0;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(`scripts/npm: ${error.message}`);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
