/** The roots of the base images of the build, for which no image registry is asked. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** What the build stage may use. That it is no more than this, is tested by there being no more. */
const tools = [
  ...[
    'sh',
    'bash',
    'cat',
    'chmod',
    'cmp',
    'cp',
    'dirname',
    'env',
    'grep',
    'gzip',
    'id',
    'install',
    'ldd',
    'mkdir',
    'tar',
    'uname',
  ],
  'node',
];

const glibcLicense = '/usr/share/doc/libc6/copyright';

/** For the processor of this machine: made of what it has. */
export function makeBase(root: string): void {
  for (const tool of tools) copyProgram(find(tool), join(root, 'usr/bin', tool), root);
  // The one in PATH, though the Node in front of it there may be that of node_modules, which has none.
  const command = find('npm');
  const npm = dirname(dirname(command));
  // Debian's finds its packages beside it, others in it.
  const home = existsSync(join(npm, 'node_modules')) ? npm : dirname(npm);
  cpSync(home, join(root, home), { recursive: true, dereference: true });
  symlinkSync(command, join(root, 'usr/bin/npm'));
  // As every image of Debian has it, slim ones too.
  copy(glibcLicense, join(root, glibcLicense));
  // Scripts of packages are run by /bin/sh, and /usr/bin/env finds Node.
  for (const folder of ['etc', 'root', 'tmp', 'proc', 'dev', 'sys', 'var', 'run']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  if (!existsSync(join(root, 'bin'))) symlinkSync('usr/bin', join(root, 'bin'));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
}

/** For another processor, on which nothing of the build runs: glibc is all that is taken from it. Debian's packages, unpacked. */
export function makeTarget(root: string, arch: string): void {
  const [, suite = 'stable'] = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? [];
  const options = ['--quiet', '--variant=extract', '--include=libc6', `--architectures=${arch}`];
  execFileSync('mmdebstrap', [...options, suite, root], { stdio: ['ignore', 'pipe', 'pipe'] });
}

function find(tool: string): string {
  const path = process.env['PATH']?.split(delimiter).map((place) => join(place, tool)).find(existsSync);
  if (path === undefined) throw new Error(`${tool} is not in PATH`);
  return realpathSync(path);
}

/** With the libraries that it loads, at the paths where it looks for them. */
function copyProgram(from: string, to: string, root: string): void {
  copy(from, to);
  let said: string;
  try {
    said = execFileSync('ldd', [from], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return; // a script
  }
  for (const [library] of said.matchAll(/\/[^ )]+(?= \()/g)) copy(realpathSync(library), join(root, library));
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}
