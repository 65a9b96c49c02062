import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { disagreement } from '../../scripts/lib/publish/agree.ts';
import { targetNames } from '../../scripts/lib/build/targets.ts';
import { archiveName, readSums } from '../../scripts/lib/publish/archives.ts';
import { fill } from '../../scripts/lib/publish/fill.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };
const names = JSON.parse(read('deploy/names.json')) as { repository: string; aur: string };

const folder = mkdtempSync(join(tmpdir(), 'publish-'));
after(() => rmSync(folder, { recursive: true }));
const release = join(folder, 'release');
const out = join(folder, 'out');

/** Past the shell script, which would look at all of node_modules first. */
const publish = (...args: string[]) =>
  run(process.execPath, [join(root, 'scripts/lib/publish/main.ts'), ...args]);

function run(command: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: process.env['PATH']!, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...env },
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** As a release has them, with a program that is a line of sh. */
function makeArchives(): string {
  mkdirSync(release);
  return targetNames.map((platform) => {
    const name = archiveName(version, platform);
    const top = join(folder, name.replace(/\.(?:tar\.gz|zip)$/, ''));
    mkdirSync(top);
    writeFileSync(join(top, 'pg_gateway'), `#!/bin/sh\necho ${platform} "$@"\n`, { mode: 0o755 });
    for (const text of ['LICENSE', 'THIRD-PARTY-LICENSES.txt']) writeFileSync(join(top, text), text);
    // Nothing unpacks the one for Windows.
    const made = run('tar', ['-czf', join(release, name), '-C', folder, basename(top)]);
    assert.equal(made.status, 0, made.stderr);
    const sum = createHash('sha256').update(readFileSync(join(release, name))).digest('hex');
    return `${sum}  ${name}\n`;
  }).join('');
}

before(() => {
  const sums = makeArchives();
  writeFileSync(join(release, 'SHA256SUMS'), sums);
  const done = publish('files', release, out);
  assert.equal(done.status, 0, done.stderr);
});

const made = (path: string): string => readFileSync(join(out, path), 'utf8');
const sumOf = (platform: (typeof targetNames)[number]): string =>
  readSums(readFileSync(join(release, 'SHA256SUMS'), 'utf8')).get(archiveName(version, platform))!;
const urlOf = (platform: (typeof targetNames)[number]): string =>
  `${names.repository}/releases/download/v${version}/${archiveName(version, platform)}`;

describe('the formula of Homebrew', () => {
  test('has for each system and processor its archive and the sum of it', () => {
    const found = [...made('homebrew/pg_gateway.rb').matchAll(/^ +url "(.+)"\n +sha256 "(.+)"$/gm)];
    const wanted = (['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'] as const).map(
      (platform) => [urlOf(platform), sumOf(platform)],
    );
    assert.deepEqual(found.map(([, url, sum]) => [url, sum]), wanted);
    const order = [...made('homebrew/pg_gateway.rb').matchAll(/on_\w+/g)].map(([word]) => word);
    assert.deepEqual(order, ['on_macos', 'on_arm', 'on_intel', 'on_linux', 'on_arm', 'on_intel']);
  });

  const ruby = spawnSync('ruby', ['--version']).error;
  test('is Ruby', { skip: ruby && 'there is no ruby on this machine' }, () => {
    const { status, stdout, stderr } = run('ruby', ['-c', join(out, 'homebrew/pg_gateway.rb')]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /Syntax OK/);
  });
});

test('the manifest of Scoop has the archive for Windows, its sum and its folder', () => {
  const manifest = JSON.parse(made('scoop/pg_gateway.json'));
  assert.equal(manifest.version, version);
  assert.deepEqual(manifest.architecture['64bit'], {
    url: urlOf('windows-x64'),
    hash: sumOf('windows-x64'),
    extract_dir: `pg_gateway-${version}-windows-x64`,
  });
});

describe('the PKGBUILD of the AUR', () => {
  /** What bash has in a variable after it has read the PKGBUILD. */
  function valuesOf(...variables: string[]): string[][] {
    const print = variables.map((name) => `printf '%s\\n' "\${${name}[@]}"; echo --`).join('; ');
    const { status, stdout, stderr } = run('bash', [
      '-euc',
      `source "$1"; ${print}`,
      'x',
      join(out, 'aur/PKGBUILD'),
    ]);
    assert.equal(status, 0, stderr);
    return stdout.split('--\n').slice(0, -1).map((part) => part.trimEnd().split('\n'));
  }

  test('has the archive of each processor with its sum', () => {
    assert.deepEqual(
      valuesOf(
        'pkgname',
        'pkgver',
        'url',
        'source_x86_64',
        'sha256sums_x86_64',
        'source_aarch64',
        'sha256sums_aarch64',
      ),
      [
        [names.aur],
        [version.replaceAll('-', '_')],
        [names.repository],
        [urlOf('linux-x64')],
        [sumOf('linux-x64')],
        [urlOf('linux-arm64')],
        [sumOf('linux-arm64')],
      ],
    );
  });

  test('has every unit of deploy/systemd as it is in the tagged sources', () => {
    const [sources, sums] = valuesOf('source', 'sha256sums') as [string[], string[]];
    const units = sources.map((source) => source.split('/').at(-1)!);
    assert.deepEqual(units.toSorted(), readdirSync(join(root, 'deploy/systemd')).toSorted());
    for (const [at, unit] of units.entries()) {
      assert.ok(sources[at]!.endsWith(`::${names.repository}/raw/v${version}/deploy/systemd/${unit}`));
      assert.equal(
        sums[at],
        createHash('sha256').update(read(`deploy/systemd/${unit}`)).digest('hex'),
      );
    }
  });

  for (const [arch, platform] of [['x86_64', 'linux-x64'], ['aarch64', 'linux-arm64']] as const) {
    test(`installs what is in the archive for ${arch}`, () => {
      const source = mkdtempSync(join(folder, 'src-'));
      const target = mkdtempSync(join(folder, 'pkg-'));
      // As makepkg does it: sources under the name before the two colons, archives unpacked.
      for (const from of valuesOf('source')[0]!) {
        const [name, url] = from.split('::') as [string, string];
        cpSync(join(root, 'deploy/systemd', basename(url)), join(source, name));
      }
      run('tar', ['-xzf', join(release, archiveName(version, platform)), '-C', source]);
      const packaged = run('bash', ['-euc', 'source "$1"; package', 'x', join(out, 'aur/PKGBUILD')], {
        srcdir: source,
        pkgdir: target,
        CARCH: arch,
      });
      assert.equal(packaged.status, 0, packaged.stderr);
      const installed = readdirSync(target, { recursive: true, encoding: 'utf8', withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(target.length));
      assert.deepEqual(
        installed.toSorted(),
        [
          '/usr/bin/pg_gateway',
          '/usr/share/bash-completion/completions/pg_gateway',
          '/usr/share/fish/vendor_completions.d/pg_gateway.fish',
          '/usr/share/man/man1/pg_gateway.1',
          '/usr/share/zsh/site-functions/_pg_gateway',
          ...readdirSync(join(root, 'deploy/systemd')).map((unit) =>
            unit.endsWith('.sysusers')
              ? `/usr/lib/sysusers.d/${unit.replace('.sysusers', '.conf')}`
              : `/usr/lib/systemd/system/${unit}`
          ),
          `/usr/share/licenses/${names.aur}/LICENSE`,
          `/usr/share/licenses/${names.aur}/THIRD-PARTY-LICENSES.txt`,
        ].toSorted(),
      );
      assert.equal(run(join(target, 'usr/bin/pg_gateway'), []).stdout, `${platform}\n`);
      const text = (path: string) => readFileSync(join(target, 'usr/share', path), 'utf8');
      assert.equal(text('man/man1/pg_gateway.1'), `${platform} man\n`);
      assert.equal(text('zsh/site-functions/_pg_gateway'), `${platform} completion zsh\n`);
      assert.equal(statSync(join(target, 'usr/lib/systemd/system/pg_gateway.service')).mode & 0o777, 0o644);
    });
  }

  const executable = join(root, 'dist/pg_gateway');
  const skip = !existsSync(join(root, 'src/cli/completion')) &&
    'the program prints neither completions nor a manual page';
  test('and the formula ask the program for what it prints', { skip }, () => {
    for (const command of [['man'], ...['bash', 'zsh', 'fish'].map((shell) => ['completion', shell])]) {
      const { status, stdout, stderr } = run(executable, command);
      assert.equal(status, 0, stderr);
      assert.ok(stdout.length > 500, command.join(' '));
    }
  });

  test('is not stripped: the program would be gone', () => {
    assert.ok(valuesOf('options')[0]!.includes('!strip'));
  });

  test('and its .SRCINFO say the same', () => {
    const lines = made('aur/.SRCINFO').split('\n');
    assert.equal(lines[0], `pkgbase = ${names.aur}`);
    assert.deepEqual(lines.slice(-3), ['', `pkgname = ${names.aur}`, '']);
    const keys = [...new Set(lines.flatMap((line) => /^\t(\w+) = /.exec(line)?.[1] ?? []))];
    assert.deepEqual(
      keys.toSorted(),
      [
        ...made('aur/PKGBUILD').matchAll(/^([a-z]\w*)=/gm),
      ].map(([, name]) => name!).filter((name) => name !== 'pkgname').toSorted(),
    );
    for (const [at, values] of valuesOf(...keys).entries()) {
      const told = lines.filter((line) => line.startsWith(`\t${keys[at]} = `));
      assert.deepEqual(told, values.map((value) => `\t${keys[at]} = ${value}`));
    }
  });
});

test('a release without one of the archives is refused, by its name', () => {
  const broken = join(folder, 'broken');
  mkdirSync(broken);
  const sums = readFileSync(join(release, 'SHA256SUMS'), 'utf8').split('\n');
  writeFileSync(join(broken, 'SHA256SUMS'), sums.filter((line) => !line.includes('musl')).join('\n'));
  const { status, stderr } = publish('files', broken, join(folder, 'nothing'));
  assert.equal(status, 1);
  assert.match(stderr, /has no pg_gateway-.*-linux-x64-musl\.tar\.gz/);
  assert.ok(!existsSync(join(folder, 'nothing')));
});

test('a line in SHA256SUMS that is no sum is told with its number', () => {
  assert.throws(() => readSums(`${'a'.repeat(64)}  one\n${'b'.repeat(63)}  two\n`), /line 2 of SHA256SUMS/);
  assert.deepEqual([...readSums(`${'a'.repeat(64)} *one.zip\r\n`)], [['one.zip', 'a'.repeat(64)]]);
});

test('a template that wants what is not there is refused', () => {
  assert.equal(fill('"${a[@]}" @VERSION@ @x.org', new Map([['VERSION', '1']])), '"${a[@]}" 1 @x.org');
  assert.throws(() => fill('@URL solaris@', new Map([['VERSION', '1']])), /there is no URL solaris/);
});

describe('a release may begin', () => {
  const changelog = '# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-12-01\n\n## 1.1.0\n';

  test('when tag, package.json and the newest section of the changelog agree', () => {
    assert.equal(disagreement('v1.2.0', '1.2.0', changelog), undefined);
    assert.equal(disagreement('v1.2.0', '1.2.0', changelog.replace('1.2.0', '[1.2.0]')), undefined);
    assert.match(disagreement('v1.3.0', '1.2.0', changelog)!, /the tag has to be v1\.2\.0/);
    assert.match(disagreement('1.2.0', '1.2.0', changelog)!, /the tag has to be v1\.2\.0/);
    assert.match(disagreement('v1.1.0', '1.1.0', changelog)!, /newest release in CHANGELOG\.md is 1\.2\.0/);
    assert.match(disagreement('v1.0.0', '1.0.0', '## Unreleased\n')!, /is none/);
  });

  test('by a command that fails otherwise', () => {
    const { status, stderr } = publish('check', 'v0.0.0');
    assert.equal(status, 1);
    assert.match(stderr, /the tag is v0\.0\.0/);
    assert.equal(publish('check').status, 2);
  });
});

describe('what is pushed to a tap', () => {
  const script = join(root, 'scripts/lib/publish/push.sh');
  const tap = join(folder, 'tap.git');
  const git = (...args: string[]) => {
    const done = run('git', ['-C', tap, ...args]);
    assert.equal(done.status, 0, done.stderr);
    return done.stdout;
  };
  const push = (key: string) =>
    run(
      script,
      [tap, 'main', 'pg_gateway 1', `${join(out, 'homebrew/pg_gateway.rb')}=Formula/pg_gateway.rb`],
      {
        DEPLOY_KEY: key,
        TMPDIR: folder,
      },
    );

  before(() => {
    run('git', ['init', '--quiet', '--bare', '--initial-branch=main', tap]);
    const tree = git('mktree').trim();
    const commit = git(
      ...['-c', 'user.name=x', '-c', 'user.email=x', 'commit-tree', '-m', 'begin', tree],
    ).trim();
    git('update-ref', 'refs/heads/main', commit);
  });

  test('is a commit with the file in its place, and nothing when it is there already', () => {
    const first = push('key');
    assert.equal(first.status, 0, first.stderr);
    assert.equal(git('show', 'main:Formula/pg_gateway.rb'), made('homebrew/pg_gateway.rb'));
    assert.match(push('key').stdout, /it is there already/);
    assert.equal(git('rev-list', '--count', 'main').trim(), '2');
    assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith('tmp.')), [], 'no key is left');
  });

  test('is nothing where there is no key, and that is said', () => {
    const { status, stdout } = push('');
    assert.equal(status, 0);
    assert.match(stdout, /^::notice::.*is left as it is: there is no deploy key/);
  });

  test('never has the key in what is printed', () => {
    const { stdout, stderr } = push('very secret');
    assert.ok(!`${stdout}${stderr}`.includes('very secret'));
  });
});
