/** `scripts/release`: all files of a release, from a clean checkout into dist/release/. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readTargets, type TargetName, targetNames } from '../build/targets.ts';
import { attempt, readNames, UsageError } from '../usage.ts';
import { type Artifact, billOfMaterials } from './bill-of-materials.ts';
import { type Maker, makers } from './makers.ts';
import { openRelease, type Release, ReleaseError } from './release.ts';

const root = join(import.meta.dirname, '../../..');
const dist = join(root, 'dist');

const usage = `scripts/release VERSION [--only NAME,...] [--targets NAME,...]

Makes all files of a release from a clean checkout into dist/release/: archives, packages, SHA256SUMS, the list of
parts (CycloneDX), install.sh, release notes. The version must be that of package.json and have its section in
CHANGELOG.md. Two runs of one commit make the same bytes. Nothing is published.

  --only NAME,...     these alone:
${
  makers.map(({ name, makes, onRequest }) =>
    `                        ${name}: ${makes}${onRequest ? ' (only if named)' : ''}`
  ).join('\n')
}
  --targets NAME,...  executables for these machines alone: ${targetNames.slice(0, 3).join(', ')},
                      ${targetNames.slice(3).join(', ')}
  --help

Exit code 0: made; 1: not, and dist/release/ is what it was; 2: unknown option.
`;

interface Options {
  readonly help: boolean;
  readonly version: string;
  readonly makers: readonly Maker[];
  readonly targets: readonly TargetName[];
}

/** Throws UsageError. */
function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const help = values.help === true;
  if (positionals.length !== 1 && !help) throw new UsageError('which version? It takes one');
  const named = makers.map(({ name }) => name);
  const wanted = readNames('--only', values.only, named);
  return {
    help,
    version: (positionals[0] ?? '').replace(/^v/, ''),
    makers: makers.filter(({ name, onRequest }) =>
      wanted.includes(name) && (values.only !== undefined || onRequest === undefined)
    ),
    targets: readTargets(values.targets ?? 'all'),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        only: { type: 'string' },
        targets: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const started = performance.now();
function say(line: string): void {
  console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`);
}

/** Makes everything in `folder`. */
async function makeAll(release: Release, options: Options, folder: string): Promise<void> {
  for (const maker of options.makers) {
    say(`${maker.name}: ${maker.makes}`);
    await maker.make(release, { folder, targets: options.targets, say: (line) => say(`  ${line}`) });
  }
  say('install.sh, notes, list of parts, sums');
  writeFileSync(join(folder, 'install.sh'), installer(release), { mode: 0o755 });
  const bill = billOfMaterials(release, artifactsIn(folder));
  writeFileSync(join(folder, `pg_gateway-${release.version}.cdx.json`), bill);
  const sums = artifactsIn(folder).map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
  writeFileSync(join(folder, 'SHA256SUMS'), sums);
  // Not a file that is downloaded, but the text beside them.
  writeFileSync(join(folder, 'RELEASE_NOTES.md'), `${release.notes}\n`);
}

function installer({ version }: Release): string {
  const text = readFileSync(join(root, 'deploy/install.sh'), 'utf8');
  const made = text.replace(/^version=latest$/m, `version=${version}`);
  if (made === text) throw new ReleaseError('deploy/install.sh has no line "version=latest"');
  return made;
}

function artifactsIn(folder: string): Artifact[] {
  return readdirSync(folder).sort().map((name) => ({
    name,
    sha256: createHash('sha256').update(readFileSync(join(folder, name))).digest('hex'),
  }));
}

function tellFiles(folder: string): void {
  for (const name of readdirSync(folder).sort()) {
    console.log(
      `${(statSync(join(folder, name)).size / 1e6).toFixed(1).padStart(7)} MB  dist/release/${name}`,
    );
  }
}

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/release', usage, () => readOptions(args));
  if (options === undefined) return 2;
  if (options.help) {
    console.log(usage.trimEnd());
    return 0;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  let folder: string | undefined;
  const clean = () => folder === undefined || rmSync(folder, { recursive: true, force: true });
  process.once('exit', clean);
  try {
    const release = openRelease(root, options.version);
    mkdirSync(dist, { recursive: true });
    folder = mkdtempSync(join(dist, '.release-'));
    await makeAll(release, options, folder);
    const done = join(dist, 'release');
    rmSync(done, { recursive: true, force: true });
    // mkdtemp makes it for its owner alone.
    chmodSync(folder, 0o755);
    renameSync(folder, done);
    tellFiles(done);
    return 0;
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    console.error(`scripts/release: ${error.message}`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
