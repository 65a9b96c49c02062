/** scripts/release in a checkout of the test's own: this one's files as they are, committed. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hostTarget } from '../../scripts/lib/build/targets.ts';
import { packagesInside } from '../../scripts/lib/release/parts.ts';
import { targetExecutable } from '../bed/target-executable.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
mkdirSync(join(root, 'dist'), { recursive: true });
// On the disk of the checkout: node_modules are linked file by file. A link to the folder would change the names of parts.
const folder = mkdtempSync(join(root, 'dist/.release-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const checkout = join(folder, 'checkout');

function trouble(): string | false {
  if (hostTarget() !== 'linux-x64') return 'releases are made on Linux x64 with glibc';
  const lacking = ['git', 'zip'].find((tool) => spawnSync(tool, ['--version']).error !== undefined);
  if (lacking !== undefined) return `${lacking} is not installed`;
  return targetExecutable('linux-x64').missing ?? false;
}
const skip = trouble();

function git(...args: string[]): string {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', checkout, ...author, ...args], { encoding: 'utf8' });
}

function release(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(join(checkout, 'scripts/release'), args, { encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

const made = join(checkout, 'dist/release');
const read = (name: string): string => readFileSync(join(made, name), 'utf8');
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Packages take two minutes, and have a test of their own. */
const some = ['--only', 'executables,npm,chart', '--targets', 'linux-x64'];

describe('scripts/release', { skip }, () => {
  before(() => {
    const files = execFileSync('git', ['-C', root, 'ls-files', '-co', '--exclude-standard', '-z'], {
      encoding: 'utf8',
    });
    for (const file of files.split('\0').filter((name) => name !== '' && existsSync(join(root, name)))) {
      mkdirSync(dirname(join(checkout, file)), { recursive: true });
      cpSync(join(root, file), join(checkout, file));
    }
    git('init', '--quiet');
    writeFileSync(join(checkout, '.git/info/exclude'), 'node_modules\n');
    execFileSync('cp', ['-al', join(root, 'node_modules'), join(checkout, 'node_modules')]);
    git('add', '--all');
    git('commit', '--quiet', '--message', 'a commit');
  });

  test('refuses what is not released: no version, another one, none in the changelog, a change', () => {
    assert.equal(release().status, 2);
    const another = release('99.0.0');
    assert.equal(another.status, 1);
    assert.match(another.output, /package\.json is version .*, not 99\.0\.0/);

    const file = join(checkout, 'CHANGELOG.md');
    const changelog = readFileSync(file, 'utf8').replaceAll(`## ${version}`, '## 0.0.0');
    writeFileSync(file, changelog);
    git('commit', '--quiet', '--all', '--allow-empty', '--message', 'not released');
    const unnamed = release(version);
    assert.equal(unnamed.status, 1);
    assert.match(unnamed.output, /CHANGELOG\.md has no section/);

    writeFileSync(file, changelog.replace('## Unreleased', `## ${version} - 2030-01-01`));
    const dirty = release(version);
    assert.equal(dirty.status, 1);
    assert.match(dirty.output, /not clean.*\n M CHANGELOG\.md/);
    git('commit', '--quiet', '--all', '--message', 'released');
    assert.equal(existsSync(made), false);
  });

  test('makes every file, the same on every run, and none in part', () => {
    const first = release(version, ...some);
    assert.equal(first.status, 0, first.output);
    const archive = `pg_gateway-${version}-linux-x64.tar.gz`;
    assert.deepEqual(readdirSync(made), [
      'RELEASE_NOTES.md',
      'SHA256SUMS',
      'install.sh',
      `pg-gateway-${version}.tgz`,
      `pg-gateway-gateway-${version}.tgz`,
      archive,
      `pg_gateway-${version}.cdx.json`,
    ]);
    const sums = read('SHA256SUMS');
    // As its users check it.
    execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: made });
    assert.equal(sums.split('\n').length, 6);

    // One that fails leaves what was there, and nothing besides.
    const script = join(checkout, 'scripts/npm');
    writeFileSync(script, '#!/bin/sh\necho "no tarball today" >&2\nexit 3\n', { mode: 0o755 });
    git('add', '--all');
    git('commit', '--quiet', '--message', 'a maker that fails');
    const failed = release(version, '--only', 'npm');
    assert.equal(failed.status, 1);
    assert.match(failed.output, /scripts\/npm ended with exit code 3:\nno tarball today/);
    assert.equal(read('SHA256SUMS'), sums);
    assert.deepEqual(readdirSync(join(checkout, 'dist')).filter((name) => name.startsWith('.')), []);
    git('reset', '--quiet', '--hard', 'HEAD~1');

    rmSync(join(checkout, 'dist'), { recursive: true });
    const second = release(version, ...some);
    assert.equal(second.status, 0, second.output);
    assert.equal(read('SHA256SUMS'), sums);
    assert.equal(
      sha256(join(checkout, 'dist/pg_gateway-linux-x64')),
      sha256(join(checkout, 'dist/pg_gateway')),
    );
    // And in another folder.
    assert.equal(
      sha256(join(checkout, 'dist/pg_gateway-linux-x64')),
      sha256(targetExecutable('linux-x64').file ?? ''),
    );
  });

  test('what is in an archive', () => {
    const place = join(folder, 'unpacked');
    mkdirSync(place);
    const inside = `pg_gateway-${version}-linux-x64`;
    execFileSync('tar', ['-xzf', join(made, `${inside}.tar.gz`), '-C', place]);
    assert.deepEqual(readdirSync(join(place, inside)), [
      'LICENSE',
      'README.md',
      'THIRD-PARTY-LICENSES.txt',
      'pg_gateway',
    ]);
    const said = execFileSync(join(place, inside, 'pg_gateway'), ['--version'], { encoding: 'utf8' });
    assert.equal(said, `pg_gateway ${version}\n`);

    const licenses = readFileSync(join(place, inside, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of ['bun', ...packagesInside()]) assert.match(licenses, new RegExp(`^${name} \\d`, 'm'));
    assert.match(licenses, /JavaScriptCore/);
    assert.match(licenses, /GNU LIBRARY GENERAL PUBLIC LICENSE/);

    const readme = readFileSync(join(place, inside, 'README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, to]) => to ?? '');
    assert.ok(links.length > 10);
    assert.deepEqual(links.filter((to) => !/^(?:https:|#)/.test(to)), []);
  });

  const noCurl = spawnSync('curl', ['--version']).error !== undefined && 'curl is not installed';
  test('install.sh of a release installs that release', { skip: noCurl }, () => {
    const said = execFileSync('sh', [join(made, 'install.sh'), '--version'], { encoding: 'utf8' });
    assert.equal(said, `${version}\n`);
    // Out of the folder that was made, by the file: scheme that curl knows.
    const prefix = join(folder, 'prefix');
    const env = { PATH: process.env['PATH'] ?? '', PREFIX: prefix, PG_GATEWAY_BASE_URL: `file://${made}` };
    execFileSync('sh', [join(made, 'install.sh')], { env, encoding: 'utf8' });
    const told = execFileSync(join(prefix, 'bin/pg_gateway'), ['--version'], { encoding: 'utf8' });
    assert.equal(told, `pg_gateway ${version}\n`);
  });

  test('the list of parts has what is inside, with hashes, and the files', () => {
    const bill = JSON.parse(read(`pg_gateway-${version}.cdx.json`));
    assert.equal(bill.bomFormat, 'CycloneDX');
    const components = bill.components as { name: string; type: string; hashes: { alg: string }[] }[];
    const names = components.map(({ name }) => name);
    for (const name of ['bun', '@oven/bun-linux-aarch64', ...packagesInside()]) {
      assert.ok(names.includes(name), name);
    }
    assert.ok(!names.includes('typescript'));
    assert.ok(components.every(({ hashes }) => hashes.some(({ alg }) => alg === 'SHA-512')));
    const files = bill.metadata.component.components as { name: string; hashes: { content: string }[] }[];
    for (const { name, hashes } of files) assert.equal(hashes[0]?.content, sha256(join(made, name)));
    assert.ok(files.length >= 2);
    // Each reference leads to something.
    const refs = [bill.metadata.component, ...bill.components].map((one) => one['bom-ref']);
    for (const { ref, dependsOn } of bill.dependencies) {
      for (const one of [ref, ...dependsOn]) assert.ok(refs.includes(one), one);
    }
  });

  test('the notes are the section of the changelog', () => {
    const notes = read('RELEASE_NOTES.md');
    assert.match(notes, /^### Added$/m);
    assert.doesNotMatch(notes, /^## /m);
  });

  test('an untracked file is a change, too', () => {
    appendFileSync(join(checkout, 'stray'), '');
    assert.match(release(version).output, /not clean.*\n\?\? stray/);
  });
});
