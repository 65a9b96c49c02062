/**
 * The executables for other machines. Two of them run here: arm64 in qemu's user mode with Debian's libc, and musl with
 * Debian's loader. macOS and Windows are checked for their format and run in the workflows.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { formatFault } from '../../scripts/lib/build/format.ts';
import { signAdHoc, signatureFault } from '../../scripts/lib/build/mach-o.ts';
import { hostTarget, type TargetName, targetNames } from '../../scripts/lib/build/targets.ts';
import { ask } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { type Executable, targetExecutable } from '../bed/target-executable.ts';

const { version } = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'),
) as { version: string };

const built = Object.fromEntries(targetNames.map((name) => [name, targetExecutable(name)])) as Readonly<
  Record<TargetName, Executable>
>;

const fileOf = (name: TargetName): string => built[name].file ?? '';
const has = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

function foreignTrouble(name: TargetName, tools: readonly string[]): string | false {
  const { missing } = built[name];
  if (missing !== undefined) return missing;
  if (hostTarget() !== 'linux-x64') return 'this is not Linux x64 with glibc, where emulation is set up for';
  if (tools.includes('mmdebstrap') && process.getuid?.() !== 0) return 'mmdebstrap is asked for as root only';
  const lacking = tools.find((tool) => !has(tool));
  return lacking === undefined ? false : `${lacking} is not installed`;
}

describe('executables for other machines', () => {
  for (const name of targetNames) {
    test(`${name} is of the right format and version`, { skip: built[name].missing ?? false }, () => {
      const bytes = readFileSync(fileOf(name));
      assert.equal(formatFault(bytes, name, version), undefined);
      assert.match(formatFault(bytes, name, '0.0.99') ?? '', /version:"0\.0\.99" in it/);
      const other = name === 'linux-x64' ? 'linux-arm64' : 'linux-x64';
      assert.notEqual(formatFault(bytes, other, version), undefined);
    });
  }

  test(
    'our signature of a program for macOS is the one that Bun makes',
    { skip: built['darwin-arm64'].missing ?? false },
    () => {
      const signed = readFileSync(fileOf('darwin-arm64'));
      // Bun signs for arm64, by this name.
      assert.ok(signed.includes('a.out\0'));
      assert.ok(signAdHoc(signed, 'a.out').equals(signed));
      signed[signed.length >> 1]! ^= 1;
      assert.match(signatureFault(signed) ?? '', /does not fit 1 of \d+ pages/);
    },
  );

  test(
    'linux-x64 runs on a processor without AVX2, and says nothing of it',
    { skip: foreignTrouble('linux-x64', ['qemu-x86_64-static']) },
    () => {
      const said = execFileSync('qemu-x86_64-static', ['-cpu', 'Nehalem', fileOf('linux-x64'), '--version'], {
        encoding: 'utf8',
      });
      assert.equal(said, `pg_gateway ${version}\n`);
    },
  );
});

const runners = {
  'linux-arm64': foreignTrouble('linux-arm64', ['mmdebstrap', 'qemu-aarch64-static']),
  'linux-x64-musl': foreignTrouble('linux-x64-musl', ['mmdebstrap', 'g++', 'readelf']),
} as const;

describe('run here', { skip: runners['linux-arm64'] && runners['linux-x64-musl'] }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'targets-'));
  let cluster: Cluster;

  before(async () => {
    fetchLibraries(folder);
    cluster = await startCluster({ standbys: 1 });
  });
  after(async () => {
    await cluster?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const name of ['linux-arm64', 'linux-x64-musl'] as const) {
    test(
      `${name} tells its version, checks a cluster, and serves a query`,
      { skip: runners[name] },
      async () => {
        const command = name === 'linux-arm64'
          ? [which('qemu-aarch64-static'), '-L', folder, fileOf(name)]
          : withMusl(folder, fileOf(name));
        assert.deepEqual(await runProgram(['--version'], {}, { command }), {
          code: 0,
          stdout: `pg_gateway ${version}\n`,
          stderr: '',
        });
        const settings = { CANDIDATES: cluster.candidates, PGUSER: 'postgres', ...patient };
        const checked = await runProgram(['check'], settings, { command });
        assert.equal(checked.code, 0, checked.stderr);
        assert.match(checked.stdout, new RegExp(`127\\.0\\.0\\.1:${cluster.first.port}\\b.*primary`));

        const gateway = await startGateway({ ...settings, NUM_THREADS: '1' }, 'binary', { command });
        try {
          await gateway.routesTo(cluster.first.port);
          const answer = await ask(gateway.port, 'select pg_is_in_recovery() as standby, 6 * 7 as answer');
          assert.deepEqual(answer, [{ standby: false, answer: 42 }]);
          // The layouts of the kernel's structures are those of this machine.
          const engine = gateway.log.find(({ event }) => event === 'engine');
          assert.equal(engine?.['engine'], 'native', String(engine?.['why']));
        } finally {
          assert.equal(await stopped(gateway), 0);
        }
      },
    );
  }
});

/** A gateway whose loop spins does not see a SIGTERM. */
async function stopped(gateway: GatewayProcess): Promise<number | null> {
  const late = setTimeout(() => gateway.signal('SIGKILL'), 20_000);
  const code = await gateway.stop();
  clearTimeout(late);
  return code;
}

function which(tool: string): string {
  return execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
}

/** Debian's libc of arm64 and its musl, unpacked and not installed. */
function fetchLibraries(root: string): void {
  const suite = /VERSION_CODENAME=(\w+)/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const asked = ['--variant=extract', '--architectures=arm64,amd64', '--include=libc6,musl:amd64'];
  const { status, stderr } = spawnSync('mmdebstrap', [...asked, suite, root], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mmdebstrap failed:\n${stderr}`);
}

/**
 * Bun for musl loads libstdc++, of which Debian has no build for musl. What Bun wants of it is linked out of Debian's
 * archive into a library of that name; three functions of glibc that the archive calls are made up.
 */
function withMusl(root: string, file: string): string[] {
  const libraries = join(root, 'musl');
  const loader = join(root, 'lib/ld-musl-x86_64.so.1');
  if (!existsSync(libraries)) {
    mkdirSync(libraries);
    symlinkSync(loader, join(libraries, 'libc.musl-x86_64.so.1'));
    const wanted = execFileSync('readelf', ['--wide', '--dyn-syms', file], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/)[7]?.replace(/@.*/, '') ?? '')
      .filter((name) => /^(?:_ZN?K?St|_ZTV|__cxa_(?!thread_atexit_impl)|__dynamic_cast|__once)/.test(name));
    const part = (name: string) =>
      execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
    execFileSync('g++', [
      ...['-shared', '-fPIC', '-nostdlib', '-Wl,-soname,libstdc++.so.6', '-x', 'c++', '-', '-x', 'none'],
      ...wanted.map((name) => `-Wl,-u,${name}`),
      ...['crtbeginS.o', 'libstdc++.a', 'libgcc_eh.a', 'libgcc.a', 'crtendS.o'].map(part),
      ...['-o', join(libraries, 'libstdc++.so.6')],
    ], { input: glibcForLibstdcxx });
  }
  return [loader, '--library-path', libraries, file];
}

const glibcForLibstdcxx = `#include <sys/random.h>
extern "C" {
char __libc_single_threaded;
int _dl_find_object(void *, void *) { return -1; }
unsigned arc4random() { unsigned number = 0; getrandom(&number, sizeof number, 0); return number; }
}
`;
