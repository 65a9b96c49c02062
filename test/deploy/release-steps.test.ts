/** The steps of release.yml that publish, run here with programs that only write down how they are called. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { root, runStep } from './workflows.ts';

const names = JSON.parse(readFileSync(join(root, 'deploy/names.json'), 'utf8')) as Record<
  'npm' | 'image' | 'homebrew' | 'scoop' | 'aur',
  string
>;
const deno = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.deno as string;
const digest = `sha256:${'d'.repeat(64)}`;

const folder = mkdtempSync(join(tmpdir(), 'release-steps-'));
after(() => rmSync(folder, { recursive: true }));
const checkout = join(folder, 'checkout');
const bin = join(folder, 'bin');
const calls = join(folder, 'calls');
const outputs = join(folder, 'outputs');

/** Each writes its name, its words and what it is given to read, and may then do something in sh. */
function standIn(name: string, body = ''): void {
  writeFileSync(
    join(bin, name),
    `#!/bin/sh\nprintf '%s' ${name} >> '${calls}'\nprintf ' <%s>' "$@" >> '${calls}'\necho >> '${calls}'\n${body}\n`,
    { mode: 0o755 },
  );
}

beforeEach(() => {
  for (const path of [checkout, bin, calls, outputs]) rmSync(path, { recursive: true, force: true });
  for (const path of [checkout, bin]) mkdirSync(path);
  for (const path of ['deploy', 'scripts', 'package.json']) {
    symlinkSync(join(root, path), join(checkout, path));
  }
  const files = [
    'release/RELEASE_NOTES.md',
    'release/SHA256SUMS',
    'release/pg_gateway-1.2.3-linux-x64.tar.gz',
    'npm/pg-gateway-gateway-1.2.3.tgz',
    'npm/jsr/jsr.json',
    'chart/pg-gateway-1.2.3.tgz',
    'publish/homebrew/pg_gateway.rb',
    'publish/scoop/pg_gateway.json',
    'publish/aur/PKGBUILD',
    'publish/aur/.SRCINFO',
  ];
  for (const file of files) {
    mkdirSync(join(checkout, 'dist', file, '..'), { recursive: true });
    writeFileSync(join(checkout, 'dist', file), file);
  }
  standIn('gh', `case $1 in api) echo 'github.com ssh-ed25519 AAAA' ;; esac`);
  standIn(
    'docker',
    `case "$1 $2" in 'login ghcr.io') cat >> '${calls}' ;; run*) echo pg_gateway 1.2.3 ;; esac`,
  );
  standIn('helm', `case "$1 $2" in 'registry login') cat >> '${calls}' ;; esac`);
  standIn('npm', 'test "$1" != view');
  standIn('npx');
});

/** What was called, a line each. */
function run(job: string, step: string, env: Record<string, string> = {}) {
  const done = runStep('release.yml', job, step, checkout, {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: folder,
    TMPDIR: folder,
    GITHUB_REF_NAME: `v${env['VERSION'] ?? '1.2.3'}`,
    GITHUB_ACTOR: 'somebody',
    GITHUB_OUTPUT: outputs,
    RUNNER_TEMP: folder,
    GH_REPO: 'a/b',
    GH_TOKEN: 'token',
    TOKEN: 'token',
    BUILDX_BUILDER: 'both',
    VERSION: '1.2.3',
    NAME: names.npm,
    ...env,
  });
  const told = existsSync(calls) ? readFileSync(calls, 'utf8').trimEnd().split('\n') : [];
  return { ...done, told };
}

describe('the release of GitHub', () => {
  test('has all files, and the notes as its text', () => {
    const { status, told, stderr } = run('github', 'The release');
    assert.equal(status, 0, stderr);
    assert.deepEqual(told, [
      'gh <release> <create> <v1.2.3> <--verify-tag> <--latest> <--title> <v1.2.3> <--notes-file> ' +
      '<RELEASE_NOTES.md> <dist/release/SHA256SUMS> ' +
      '<dist/release/pg_gateway-1.2.3-linux-x64.tar.gz>',
    ]);
  });

  test('of a version with a hyphen is one before the release', () => {
    assert.match(
      run('github', 'The release', { VERSION: '1.2.3-rc.1' }).told[0]!,
      /<v1\.2\.3-rc\.1> .*<--prerelease>/,
    );
  });
});

describe('the package of npm', () => {
  test('is published from the archive, as the newest', () => {
    const { status, told, stderr } = run('npm', 'Publish');
    assert.equal(status, 0, stderr);
    assert.deepEqual(told, [
      `npm <view> <${names.npm}@1.2.3> <version>`,
      'npm <publish> <./dist/npm/pg-gateway-gateway-1.2.3.tgz> <--access> <public> <--provenance> <--tag> <latest>',
    ]);
    assert.match(run('npm', 'Publish', { VERSION: '1.2.3-rc.1' }).told.at(-1)!, /<--tag> <next>$/);
  });

  test('is left alone if it is there already', () => {
    standIn('npm', 'echo 1.2.3');
    const { status, told, stdout } = run('npm', 'Publish');
    assert.equal(status, 0);
    assert.equal(told.length, 1);
    assert.match(stdout, /::notice::.* 1\.2\.3 is there already/);
  });
});

describe('the package of JSR', () => {
  test('is published by the Deno of package.json, outside of our workspace', () => {
    const { status, told, stderr } = run('jsr', 'Publish', { JSR: 'on' });
    assert.equal(status, 0, stderr);
    assert.deepEqual(told, [`npx <--yes> <deno@${deno}> <publish>`]);
    assert.ok(existsSync(join(folder, 'jsr/jsr.json')));
  });

  test('is left alone until it is switched on, and that is said', () => {
    const { status, told, stdout } = run('jsr', 'Publish', { JSR: '' });
    assert.deepEqual([status, told], [0, []]);
    assert.match(stdout, /::notice::JSR is left as it is/);
  });
});

describe('the image', () => {
  /** `docker buildx` would write what it has pushed. */
  const builds = () =>
    standIn(
      'docker',
      `case $1 in build) echo '{"containerimage.digest":"${digest}"}' > metadata.json ;; run) echo pg_gateway 1.2.3 ;; esac`,
    );

  test('is built for both machines, pushed, run, and then the newest', () => {
    builds();
    const { status, told, stderr } = run('image', 'Build for both machines, and push');
    assert.equal(status, 0, stderr);
    const build = told.find((line) => line.startsWith('docker <build>'))!;
    for (
      const words of [
        `<-t> <${names.image}:1.2.3>`,
        '<--platform> <linux/amd64,linux/arm64>',
        '<--provenance> <mode=max>',
        '<--sbom> <true>',
        '<--push>',
      ]
    ) assert.ok(build.includes(words), `${words} in ${build}`);
    assert.deepEqual(told.slice(-2), [
      `docker <run> <--rm> <${names.image}@${digest}> <--version>`,
      `docker <buildx> <imagetools> <create> <--tag> <${names.image}:latest> <${names.image}@${digest}>`,
    ]);
    assert.equal(readFileSync(outputs, 'utf8'), `image=${names.image}\ndigest=${digest}\n`);
  });

  test('of a version before the release is not the newest', () => {
    builds();
    standIn(
      'docker',
      readFileSync(join(bin, 'docker'), 'utf8').replace('pg_gateway 1.2.3', 'pg_gateway 1.2.3-rc.1'),
    );
    const { told } = run('image', 'Build for both machines, and push', { VERSION: '1.2.3-rc.1' });
    assert.ok(!told.some((line) => line.includes('imagetools')));
  });

  test('of which the program says another version stops the release', () => {
    builds();
    const { status, told } = run('image', 'Build for both machines, and push', { VERSION: '1.2.4' });
    assert.notEqual(status, 0);
    assert.ok(!told.some((line) => line.includes('imagetools')));
  });

  test('and the chart are logged in to with a token that no list of processes shows', () => {
    assert.deepEqual(run('image', 'Log in').told, [
      'docker <login> <ghcr.io> <--username> <somebody> <--password-stdin>',
      'token',
    ]);
  });
});

describe('a package for Linux', () => {
  for (
    const [system, command] of [['debian:12', 'apt-get install'], ['fedora:latest', 'dnf install']] as const
  ) {
    test(`is installed and run on ${system}`, () => {
      const { status, told, stderr } = run('smoke-packages', 'Install it', { SYSTEM: system });
      assert.equal(status, 0, stderr);
      assert.equal(told.length, 1);
      assert.match(
        told[0]!,
        new RegExp(`^docker <run> .*:/release:ro> <${system}> <sh> <-c> <.*${command} .*/release/\\*`),
      );
      assert.notEqual(run('smoke-packages', 'Install it', { SYSTEM: system, VERSION: '1.2.4' }).status, 0);
    });
  }
});

test('the chart is pushed beside the image', () => {
  const { status, told, stderr } = run('chart', 'Push');
  assert.equal(status, 0, stderr);
  assert.deepEqual(told, [
    'helm <registry> <login> <ghcr.io> <--username> <somebody> <--password-stdin>',
    'token',
    `helm <push> <dist/chart/pg-gateway-1.2.3.tgz> <oci://${names.image.replace(/\/[^/]+$/, '')}/charts>`,
  ]);
});

describe('the taps', () => {
  const git = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('git', args, {
      encoding: 'utf8',
      env: { PATH: process.env['PATH']!, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const ofGitHub = (page: string) => `${page.replace('https://github.com/', 'git@github.com:')}.git`;
  const taps = [
    { step: 'Homebrew', address: ofGitHub(names.homebrew), branch: 'main', files: ['Formula/pg_gateway.rb'] },
    { step: 'Scoop', address: ofGitHub(names.scoop), branch: 'main', files: ['bucket/pg_gateway.json'] },
    {
      step: 'AUR',
      address: `ssh://aur@aur.archlinux.org/${names.aur}.git`,
      branch: 'master',
      files: ['PKGBUILD', '.SRCINFO'],
    },
  ];
  for (const { step, address, branch, files } of taps) {
    test(`${step}: the files are pushed to ${address}`, () => {
      const keys = run('taps', "The keys of GitHub's ssh");
      assert.equal(keys.status, 0, keys.stderr);
      const bare = join(folder, `${step}.git`);
      git('init', '--quiet', '--bare', `--initial-branch=${branch}`, bare);
      const tree = git('-C', bare, 'mktree').trim();
      const begin = git('-C', bare, '-c', 'user.name=x', '-c', 'user.email=x', 'commit-tree', '-m', 'x', tree)
        .trim();
      git('-C', bare, 'update-ref', `refs/heads/${branch}`, begin);
      const { status, stderr } = run('taps', step, {
        DEPLOY_KEY: 'key',
        KNOWN_HOSTS: 'aur.archlinux.org ssh-ed25519 AAAA',
        // The address of the real one leads to the folder here.
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: `url.${bare}.insteadOf`,
        GIT_CONFIG_VALUE_0: address,
      });
      assert.equal(status, 0, stderr);
      assert.deepEqual(
        git('-C', bare, 'ls-tree', '-r', '--name-only', branch).trim().split('\n').toSorted(),
        files.toSorted(),
      );
      assert.match(git('-C', bare, 'log', '-1', '--format=%s', branch), /1\.2\.3$/m);
    });

    test(`${step}: is left as it is where there is no key`, () => {
      run('taps', "The keys of GitHub's ssh");
      const { status, stdout } = run('taps', step, { DEPLOY_KEY: '', KNOWN_HOSTS: '' });
      assert.equal(status, 0);
      assert.match(stdout, /::notice::/);
    });
  }
});
