/** install.sh as people run it: against a server of the test's own, in several shells, with what small systems have. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { targetNames } from '../../scripts/lib/build/targets.ts';

const script = fileURLToPath(new URL('../../deploy/install.sh', import.meta.url));
const text = readFileSync(script, 'utf8');
const has = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const which = (tool: string): string =>
  execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();

const isHere = process.platform === 'linux' && process.arch === 'x64' &&
  (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime !==
    undefined;

const folder = mkdtempSync(join(tmpdir(), 'install-'));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true, force: true }));
let numbered = 0;
const newFolder = (name: string): string => {
  const path = join(folder, `${name}${++numbered}`);
  mkdirSync(path);
  return path;
};

/** What a release has: file names, and their bytes. */
type Release = Map<string, Buffer>;

/** A release in which each archive has a script in the place of the executable. */
function release(version: string, program = `echo pg_gateway ${version}`): Release {
  const made: Release = new Map();
  for (const target of targetNames.filter((name) => !name.startsWith('windows'))) {
    const place = newFolder('release');
    const inside = `pg_gateway-${version}-${target}`;
    mkdirSync(join(place, inside));
    writeFileSync(join(place, inside, 'pg_gateway'), `#!/bin/sh\n# ${target}\n${program}\n`, { mode: 0o755 });
    execFileSync('tar', ['-czf', 'archive', inside], { cwd: place });
    made.set(`${inside}.tar.gz`, readFileSync(join(place, 'archive')));
  }
  // The order is the worst: the longer name of the same beginning comes first.
  const sums = [...made].reverse().map(([name, bytes]) =>
    `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`
  );
  return made.set('SHA256SUMS', Buffer.from(sums.join('')));
}

let server: Server;
let base = '';
let served: Release = new Map();
let requests: string[] = [];
/** Says its length, and ends after this many bytes. */
let cutAfter: number | undefined;

before(async () => {
  server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    requests.push(name);
    const bytes = served.get(name);
    if (bytes === undefined) return void response.writeHead(404).end('not here');
    response.writeHead(200, { 'content-length': bytes.length });
    if (cutAfter === undefined || name === 'SHA256SUMS') return void response.end(bytes);
    response.write(bytes.subarray(0, cutAfter), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

interface Run {
  readonly shell?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The script, or what has arrived of it, as its standard input. */
  readonly input?: string;
  readonly uid?: number;
}

async function run({ shell = ['sh'], args = [], env = {}, input, uid }: Run) {
  const [command = '', ...rest] = shell;
  const child = spawn(command, [...rest, ...(input === undefined ? [script] : ['-s', '--']), ...args], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      PG_GATEWAY_BASE_URL: base,
      no_proxy: '127.0.0.1',
      SHELL: '/bin/sh',
      ...env,
    },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  child.stdin.on('error', () => {}).end(input ?? '');
  let output = '';
  child.stdout.on('data', (chunk) => output += chunk);
  child.stderr.on('data', (chunk) => output += chunk);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

/** A folder with these tools alone. */
function pathWith(...tools: string[]): string {
  const place = newFolder('path');
  for (const tool of tools) symlinkSync(which(tool), join(place, tool));
  return place;
}

function fake(place: string, tool: string, body: string): void {
  writeFileSync(join(place, tool), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

const basics = ['sh', 'uname', 'mkdir', 'mktemp', 'rm', 'mv', 'cat', 'id', 'tar', 'gzip'];
const installed = (prefix: string): string =>
  execFileSync(join(prefix, 'bin/pg_gateway'), { encoding: 'utf8' }).trim();

/** Nothing is left of an attempt that failed. */
function assertNothing(prefix: string): void {
  const bin = join(prefix, 'bin');
  assert.deepEqual(existsSync(bin) ? readdirSync(bin) : [], []);
}

const shells: readonly {
  name: string;
  shell: readonly string[];
  path?: () => string;
  skip: string | false;
}[] = [
  { name: 'sh', shell: ['sh'], skip: false },
  { name: 'bash', shell: ['bash', '--posix'], skip: has('bash') ? false : 'bash is not installed' },
  {
    name: 'busybox with its own wget, tar and sha256sum',
    shell: ['busybox', 'sh'],
    path: () => {
      const place = newFolder('busybox');
      for (const tool of ['wget', 'sha256sum', 'awk', 'ls', ...basics]) {
        symlinkSync(which('busybox'), join(place, tool));
      }
      symlinkSync(which('ldd'), join(place, 'ldd'));
      return `${place}`;
    },
    skip: has('busybox') ? false : 'busybox is not installed',
  },
];

describe('install.sh', { skip: isHere ? false : 'this is not Linux x64 with glibc' }, () => {
  for (const { name, shell, path, skip } of shells) {
    test(`installs, replaces and removes, in ${name}`, { skip }, async () => {
      const prefix = newFolder('prefix');
      const env = { PREFIX: prefix, ...(path ? { PATH: `${path()}:/nowhere` } : {}) };
      const absolute = [which(shell[0] ?? ''), ...shell.slice(1)];
      served = release('1.0.0');
      const first = await run({ shell: absolute, env });
      assert.equal(first.code, 0, first.output);
      assert.match(first.output, /pg_gateway 1\.0\.0 is installed as .*bin\/pg_gateway/);
      assert.match(first.output, /is not in your PATH: add this line to ~\/\.profile/);
      assert.equal(installed(prefix), 'pg_gateway 1.0.0');
      assert.match(readFileSync(join(prefix, 'bin/pg_gateway'), 'utf8'), /^# linux-x64$/m);

      served = release('1.1.0-rc.1');
      const second = await run({
        shell: absolute,
        env: { ...env, PATH: `${env.PATH ?? process.env['PATH']}:${prefix}/bin` },
      });
      assert.equal(second.code, 0, second.output);
      assert.doesNotMatch(second.output, /PATH/);
      assert.equal(installed(prefix), 'pg_gateway 1.1.0-rc.1');
      assert.deepEqual(readdirSync(join(prefix, 'bin')), ['pg_gateway']);
      assert.equal(statSync(join(prefix, 'bin/pg_gateway')).mode & 0o777, 0o755);

      const last = await run({ shell: absolute, env, args: ['--uninstall'] });
      assert.equal(last.code, 0, last.output);
      assertNothing(prefix);
      assert.equal((await run({ shell: absolute, env, args: ['--uninstall'] })).code, 1);
    });

    test(`installs nothing that was changed or cut off, in ${name}`, { skip }, async () => {
      const prefix = newFolder('prefix');
      const env = { PREFIX: prefix, ...(path ? { PATH: path() } : {}) };
      const absolute = [which(shell[0] ?? ''), ...shell.slice(1)];
      served = release('1.0.0');
      const file = 'pg_gateway-1.0.0-linux-x64.tar.gz';
      const whole = served.get(file) as Buffer;
      served.set(file, release('1.0.0', 'echo evil').get(file) as Buffer);
      const tampered = await run({ shell: absolute, env });
      assert.equal(tampered.code, 1);
      assert.match(tampered.output, /is not the file of the release: its SHA-256 is[^]*Nothing was changed/);
      assertNothing(prefix);

      served.set(file, whole.subarray(0, whole.length - 10));
      const shorter = await run({ shell: absolute, env });
      assert.equal(shorter.code, 1);
      assert.match(shorter.output, /is not the file of the release/);
      assertNothing(prefix);

      served.set(file, whole);
      cutAfter = 100;
      const cut = await run({ shell: absolute, env });
      cutAfter = undefined;
      assert.equal(cut.code, 1);
      assert.match(cut.output, /could not be downloaded|is not the file of the release/);
      assertNothing(prefix);
    });
  }

  test('an older one stays when the newer does not run here, or does not come whole', async () => {
    const prefix = newFolder('prefix');
    served = release('1.0.0');
    assert.equal((await run({ env: { PREFIX: prefix } })).code, 0);
    served = release('2.0.0', 'echo no such instruction >&2; exit 132');
    const broken = await run({ env: { PREFIX: prefix } });
    assert.equal(broken.code, 1);
    assert.match(broken.output, /no such instruction\n.*does not run on this machine/);
    served.delete('pg_gateway-2.0.0-linux-x64.tar.gz');
    const gone = await run({ env: { PREFIX: prefix } });
    assert.equal(gone.code, 1);
    assert.match(gone.output, /pg_gateway-2\.0\.0-linux-x64\.tar\.gz could not be downloaded/);
    assert.equal(installed(prefix), 'pg_gateway 1.0.0');
    assert.deepEqual(readdirSync(join(prefix, 'bin')), ['pg_gateway']);
  });

  test('a place without a release is told', async () => {
    const prefix = newFolder('prefix');
    served = new Map();
    const { code, output } = await run({ env: { PREFIX: prefix } });
    assert.equal(code, 1);
    assert.match(output, /SHA256SUMS could not be downloaded/);
    served = new Map([['SHA256SUMS', Buffer.from('<html>404</html>\n')]]);
    const page = await run({ env: { PREFIX: prefix } });
    assert.match(page.output, /SHA256SUMS names no pg_gateway for linux-x64/);
    assertNothing(prefix);
  });

  for (
    const [system, machine, extra, target] of [
      ['Linux', 'x86_64', { ldd: 'echo "musl libc (x86_64)" >&2; exit 1' }, 'linux-x64-musl'],
      ['Linux', 'aarch64', {}, 'linux-arm64'],
      ['Darwin', 'x86_64', {}, 'darwin-x64'],
      ['Darwin', 'x86_64', { sysctl: 'echo 1' }, 'darwin-arm64'],
      ['Darwin', 'arm64', {}, 'darwin-arm64'],
    ] as const
  ) {
    test(`${system} on ${machine}${Object.keys(extra).map((tool) => `, with ${tool}`)}, gets ${target}`, async () => {
      const prefix = newFolder('prefix');
      const place = newFolder('path');
      fake(place, 'uname', `case $1 in -s) echo ${system} ;; -m) echo ${machine} ;; esac`);
      for (const [tool, body] of Object.entries(extra)) fake(place, tool, body);
      served = release('1.0.0');
      const { code, output } = await run({
        env: { PREFIX: prefix, PATH: `${place}:${process.env['PATH']}` },
      });
      assert.equal(code, 0, output);
      assert.match(readFileSync(join(prefix, 'bin/pg_gateway'), 'utf8'), new RegExp(`^# ${target}$`, 'm'));
    });
  }

  for (
    const [system, machine, told] of [
      ['Linux', 'riscv64', /There is no executable for linux-riscv64/],
      ['FreeBSD', 'amd64', /There is no executable for FreeBSD-x64/],
      ['MINGW64_NT-10.0', 'x86_64', /On Windows, take pg_gateway-VERSION-windows-x64\.zip/],
    ] as const
  ) {
    test(`${system} on ${machine} is told what there is`, async () => {
      const prefix = newFolder('prefix');
      const place = newFolder('path');
      fake(
        place,
        'uname',
        `case $1 in -s) echo ${system} ;; -m) echo ${machine} ;; *) echo ${system} ${machine} ;; esac`,
      );
      requests = [];
      const { code, output } = await run({
        env: { PREFIX: prefix, PATH: `${place}:${process.env['PATH']}` },
      });
      assert.equal(code, 1);
      assert.match(output, told);
      assert.deepEqual(requests, []);
      assertNothing(prefix);
    });
  }

  test('without curl it takes wget, without both it says so', {
    skip: has('wget') ? false : 'wget is not installed',
  }, async () => {
    const prefix = newFolder('prefix');
    served = release('1.0.0');
    const withWget = await run({
      shell: [which('sh')],
      env: { PREFIX: prefix, PATH: pathWith('wget', 'sha256sum', ...basics) },
    });
    assert.equal(withWget.code, 0, withWget.output);
    const other = newFolder('prefix');
    const { code, output } = await run({
      shell: [which('sh')],
      env: { PREFIX: other, PATH: pathWith('sha256sum', ...basics) },
    });
    assert.equal(code, 1);
    assert.match(output, /Neither curl nor wget is installed/);
    assertNothing(other);
  });

  test('the sum is compared by what there is, and not left out where there is nothing', {
    skip: has('curl') ? false : 'curl is not installed',
  }, async () => {
    served = release('1.0.0');
    for (const tool of ['sha256sum', 'shasum', 'openssl'].filter(has)) {
      const prefix = newFolder('prefix');
      const perl = tool === 'shasum' ? ['perl'] : [];
      const { code, output } = await run({
        shell: [which('sh')],
        env: { PREFIX: prefix, PATH: pathWith('curl', tool, ...perl, ...basics) },
      });
      assert.equal(code, 0, `${tool}: ${output}`);
    }
    const prefix = newFolder('prefix');
    const { code, output } = await run({
      shell: [which('sh')],
      env: { PREFIX: prefix, PATH: pathWith('curl', ...basics) },
    });
    assert.equal(code, 1);
    assert.match(output, /the download cannot be checked/);
    assertNothing(prefix);
  });

  test('where this user may not write, it says so and asks nobody', async () => {
    const prefix = newFolder('prefix');
    mkdirSync(join(prefix, 'bin'));
    for (const path of [join(prefix, 'bin'), prefix]) chmodSync(path, 0o555);
    requests = [];
    const uid = process.getuid?.() === 0 ? { uid: 65534 } : {};
    const { code, output } = await run({ input: text, env: { PREFIX: prefix }, ...uid });
    assert.equal(code, 1);
    assert.match(output, /may not write to .*\/bin\.\n.*PREFIX names another place/);
    const below = await run({ input: text, env: { PREFIX: join(prefix, 'further') }, ...uid });
    assert.match(below.output, /cannot be made by/);
    assert.deepEqual(requests, []);
    chmodSync(prefix, 0o755);
    chmodSync(join(prefix, 'bin'), 0o755);
  });

  test('no root is needed: it goes to ~/.local/bin', async () => {
    const home = newFolder('home');
    chmodSync(home, 0o777);
    served = release('1.0.0');
    const uid = process.getuid?.() === 0 ? { uid: 65534 } : {};
    const { code, output } = await run({ input: text, env: { HOME: home, SHELL: '/bin/zsh' }, ...uid });
    assert.equal(code, 0, output);
    assert.match(output, /add this line to ~\/\.zshrc/);
    assert.equal(installed(join(home, '.local')), 'pg_gateway 1.0.0');
  });

  test('a script that arrives in part does nothing, wherever it ends', async () => {
    served = release('1.0.0');
    requests = [];
    const prefix = newFolder('prefix');
    const end = text.lastIndexOf('main "$@"');
    const cuts = Array.from({ length: 40 }, (_, index) => Math.floor(end * (index + 1) / 40));
    for (const cut of [...cuts, end + 3]) {
      await run({ input: text.slice(0, cut), env: { PREFIX: prefix } });
    }
    assert.deepEqual(requests, []);
    assertNothing(prefix);
    assert.equal((await run({ input: text, env: { PREFIX: prefix } })).code, 0);
  });

  test('options', async () => {
    assert.match((await run({ args: ['--help'] })).output, /--uninstall {3}removes it again/);
    assert.equal((await run({ args: ['--version'] })).output, 'latest\n');
    const chosen = await run({ args: ['--version'], env: { PG_GATEWAY_VERSION: 'v1.2.3' } });
    assert.equal(chosen.output, '1.2.3\n');
    const unknown = await run({ args: ['--fast'] });
    assert.equal(unknown.code, 1);
    assert.match(unknown.output, /unknown option --fast/);
    assert.match((await run({})).output, /Neither PREFIX nor HOME is set/);
  });
});

test('install.sh and docs/install.md have the names of deploy/names.json', () => {
  const names = JSON.parse(readFileSync(join(script, '../names.json'), 'utf8')) as Readonly<
    Record<'repository' | 'npm' | 'image', string>
  >;
  assert.ok(text.includes(`\nrepository=${names.repository}\n`));
  const page = readFileSync(join(script, '../../docs/install.md'), 'utf8');
  const download = `curl -fsSL ${names.repository}/releases/latest/download/install.sh | sh`;
  const short = `--repo ${names.repository.replace('https://github.com/', '')}\n`;
  for (const told of [download, short, `\`${names.npm}\``, `\`${names.image}\``]) {
    assert.ok(page.includes(told), told);
  }
});

test('docs/install.md has every target, in both of its tables', () => {
  const page = readFileSync(join(script, '../../docs/install.md'), 'utf8');
  for (const heading of ['Platforms', 'Sizes']) {
    const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
    const rows = [...section.matchAll(/^\| ([a-z]\S+-\S+) \|/gm)].map(([, name]) => name);
    assert.deepEqual(rows, [...targetNames]);
  }
});

test(
  'shellcheck finds nothing in it',
  { skip: has('shellcheck') ? false : 'shellcheck is not installed' },
  () => {
    // SC2088: the tilde is for a person to read.
    const { stdout } = spawnSync('shellcheck', ['-s', 'sh', '-e', 'SC2088', script], { encoding: 'utf8' });
    assert.equal(stdout, '');
  },
);
