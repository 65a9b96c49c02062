/** `scripts/publish`: whether a release may begin, and the files by which package managers find it. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, UsageError } from '../usage.ts';
import { disagreement } from './agree.ts';
import { targetNames } from '../build/targets.ts';
import { archiveName, archiveUrl, readSums } from './archives.ts';
import { fill } from './fill.ts';

const help = `scripts/publish check TAG
scripts/publish files [release [out]]

check   whether TAG, package.json and CHANGELOG.md are about the same version; nothing is changed
files   writes what package managers want to know of a release: homebrew/pg_gateway.rb, aur/PKGBUILD, aur/.SRCINFO and
        scoop/pg_gateway.json, from the templates in deploy/ and SHA256SUMS in the folder of the release
        (dist/release), to a folder (dist/publish)

Nothing is sent anywhere. docs/publishing.md tells who fetches them from where. Exit code 0: done; 1: no; 2: a mistake on the command line.
`;

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

function check(tag: string): number {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const wrong = disagreement(tag, version, read('CHANGELOG.md'));
  if (wrong === undefined) console.log(`${tag}: package.json and CHANGELOG.md agree`);
  else console.error(`scripts/publish: ${wrong}`);
  return wrong === undefined ? 0 : 1;
}

/** What the templates may name. */
function factsOf(release: string): Map<string, string> {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const names = JSON.parse(read('deploy/names.json')) as { repository: string; aur: string };
  const sums = readSums(readFileSync(join(release, 'SHA256SUMS'), 'utf8'));
  const facts = new Map([['VERSION', version], ['REPOSITORY', names.repository], ['AUR', names.aur]]);
  for (const platform of targetNames) {
    const name = archiveName(version, platform);
    const sum = sums.get(name);
    if (sum === undefined) throw new Error(`${join(release, 'SHA256SUMS')} has no ${name}`);
    facts.set(`URL ${platform}`, archiveUrl(names.repository, version, platform));
    facts.set(`SHA256 ${platform}`, sum);
  }
  for (const [name, lines] of unitLines()) facts.set(`${name} deploy/systemd`, lines.join('\n'));
  return facts;
}

/** What a PKGBUILD says of the units: they come from the tagged sources, not from an archive. */
function unitLines(): [string, string[]][] {
  const units = readdirSync(join(root, 'deploy/systemd')).sort();
  const sum = (unit: string) => createHash('sha256').update(read(`deploy/systemd/${unit}`)).digest('hex');
  return [
    // makepkg keeps what it has fetched by this name, so the version is in it.
    [
      'SOURCES',
      units.map((unit) => {
        const name = unit.replace(/(?=\.\w+$)/, '-$_version');
        return `  "${name}::$url/raw/v$_version/deploy/systemd/${unit}"`;
      }),
    ],
    ['SUMS', units.map((unit) => `  '${sum(unit)}'`)],
  ];
}

function files(release: string, out: string): number {
  const facts = factsOf(release);
  for (const path of ['homebrew/pg_gateway.rb', 'aur/PKGBUILD', 'scoop/pg_gateway.json']) {
    mkdirSync(join(out, path, '..'), { recursive: true });
    writeFileSync(join(out, path), fill(read(`deploy/${path}`), facts));
    console.log(join(out, path));
  }
  const script = join(import.meta.dirname, 'srcinfo.sh');
  const { status, stdout, stderr } = spawnSync('bash', [script, join(out, 'aur/PKGBUILD')], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`bash cannot read ${join(out, 'aur/PKGBUILD')}: ${stderr}`);
  writeFileSync(join(out, 'aur/.SRCINFO'), stdout);
  console.log(join(out, 'aur/.SRCINFO'));
  return 0;
}

/** What to do, as the command line says it. Throws UsageError. */
function readCommand([command, ...rest]: readonly string[]): () => number {
  if (command === 'check' && rest.length === 1) return () => check(rest[0] as string);
  if (command === 'files' && rest.length <= 2) {
    const [release = join(root, 'dist/release'), out = join(root, 'dist/publish')] = rest;
    return () => files(release, out);
  }
  if (command === '--help') {
    return () => {
      console.log(help.trimEnd());
      return 0;
    };
  }
  throw new UsageError(
    command === undefined ? 'say what to do' : `this is not understood: ${command} ${rest.join(' ')}`,
  );
}

/** The exit code. */
function main(args: readonly string[]): number {
  const run = attempt('scripts/publish', help, () => readCommand(args));
  if (run === undefined) return 2;
  try {
    return run();
  } catch (error) {
    console.error(`scripts/publish: ${(error as Error).message}`);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
