import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../../bed/ports.ts';
import { waitFor } from '../../bed/wait-for.ts';
import { makeBase } from './base.ts';
import { registryTrouble, startRegistry } from './registry.ts';

const repository = join(import.meta.dirname, '../../..');
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));

const has = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined;

async function trouble(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'an image of Linux is built on Linux';
  if (process.getuid?.() !== 0) return 'buildah and runc need root here';
  const missing = ['buildah', 'runc', 'npm'].filter((tool) => !has(tool));
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (apt-get install buildah runc)`;
  return await registryTrouble();
}

describe('the container image', { skip: await trouble() ?? false }, () => {
  // On disk, as buildah itself does it: TMPDIR may be memory, and these are gigabytes.
  const folder = mkdtempSync('/var/tmp/pgw-image-');
  const bundle = join(folder, 'bundle');
  const rootfs = join(bundle, 'rootfs');
  const containers = new Set<string>();
  let fetched: ReadonlySet<string> = new Set();
  let config: { readonly [name: string]: unknown } = {};

  /** What it prints on standard output. Its images and containers are ours alone, and gone with the folder. */
  function buildah(...args: string[]): string {
    const own = [
      '--root',
      join(folder, 'storage'),
      '--runroot',
      join(folder, 'run'),
      '--storage-driver',
      'vfs',
    ];
    const { status, stdout, stderr, error } = spawnSync('buildah', [...own, ...args], {
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: folder },
      maxBuffer: 1 << 26,
    });
    if (error !== undefined || status !== 0) {
      throw new Error(`buildah ${args[0]}: ${error?.message ?? `${stdout}${stderr}`}`);
    }
    return stdout.trim();
  }

  before(async () => {
    // Users without a name of their own must get in: the folder of a test is closed to them.
    for (const path of [folder, bundle]) {
      mkdirSync(path, { recursive: true });
      chmodSync(path, 0o755);
    }
    const base = join(folder, 'base');
    makeBase(base);
    const scratch = buildah('from', 'scratch');
    buildah('add', '--quiet', scratch, base, '/');
    buildah('commit', '--quiet', '--rm', scratch, 'localhost/base');
    rmSync(base, { recursive: true });

    const registry = await startRegistry();
    try {
      await build(registry.url, registry.authority);
    } finally {
      registry.close();
    }
    fetched = registry.fetched;
    config = JSON.parse(buildah('inspect', '--type', 'image', 'localhost/image')).OCIv1.config;
    const container = buildah('from', '--pull-never', 'localhost/image');
    mkdirSync(rootfs);
    const { status } = spawnSync('cp', ['-a', `${buildah('mount', container)}/.`, rootfs]);
    assert.equal(status, 0);
    buildah('umount', container);
  });

  /** Not blocking, because the registry is in this process. */
  async function build(url: string, authority: string): Promise<void> {
    const inherited = Object.entries(process.env).filter(([name]) =>
      !/^npm_config_|^NODE_EXTRA|proxy$/i.test(name)
    );
    const child = spawn('buildah', [
      ...['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'],
      ...['build', '--isolation', 'chroot', '--pull-never', '--tag', 'localhost/image'],
      ...['--build-arg', 'BASE=localhost/base'],
      ...['--build-arg', `NPM_CONFIG_REGISTRY=${url}`],
      ...['--build-arg', `CA_CERT=${authority}`],
      repository,
    ], { env: { ...Object.fromEntries(inherited), TMPDIR: folder }, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said += chunk);
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 0, said);
  }

  after(() => {
    for (const name of containers) spawnSync('runc', ['delete', '--force', name]);
    buildah('rm', '--all');
    buildah('rmi', '--all', '--force');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the image as its own configuration says, with a read-only root and the network of this machine. */
  function run(
    args: readonly string[],
    env: Record<string, string> = {},
  ): { name: string; child: ChildProcess; said: () => string } {
    spawnSync('runc', ['spec'], { cwd: bundle });
    const file = join(bundle, 'config.json');
    const spec = JSON.parse(readFileSync(file, 'utf8'));
    const [uid, gid] = String(config['User']).split(':').map(Number);
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const program = {
      ...spec.process,
      terminal: false,
      user: { uid, gid },
      args: [...(config['Entrypoint'] as string[]), ...args],
      env: [...(config['Env'] as string[]), ...variables],
      capabilities: {},
    };
    const namespaces = spec.linux.namespaces.filter(({ type }: { type: string }) => type !== 'network');
    // sysfs belongs to the network that the container does not have.
    const mounts = spec.mounts.filter(({ type, destination }: { type: string; destination: string }) =>
      type !== 'sysfs' && destination !== '/sys/fs/cgroup'
    );
    writeFileSync(
      file,
      JSON.stringify({
        ...spec,
        process: program,
        mounts,
        root: { path: 'rootfs', readonly: true },
        linux: { ...spec.linux, namespaces, resources: {} },
      }),
    );
    rmSync(join(bundle, 'pid'), { force: true });
    const name = `pgw-image-${process.pid}-${containers.size}`;
    containers.add(name);
    const child = spawn('runc', ['run', '--pid-file', join(bundle, 'pid'), '--bundle', bundle, name], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => said += chunk);
    return { name, child, said: () => said };
  }

  const ended = (child: ChildProcess): Promise<number | null> =>
    new Promise((resolve) =>
      child.exitCode === null ? child.once('close', resolve) : resolve(child.exitCode)
    );

  it('is built with Bun and the packages of the program, from a registry behind a private authority', () => {
    const others = [...fetched].filter((name) => !name.startsWith('@oven/bun-')).sort();
    assert.deepEqual(others, ['bun', 'citty', 'consola', 'node-forge', 'postgres', 'smol-toml']);
  });

  it('holds the executable, what it loads, and its license', () => {
    const names = readdirSync(rootfs, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile()).map(({ name }) => name);
    const others = names.filter((name) => !/^(?:ld-linux.*|lib[a-z]+)\.so\.\d+$/.test(name)).sort();
    assert.deepEqual(others, ['LICENSE', 'group', 'nsswitch.conf', 'passwd', 'pg_gateway']);
  });

  it('says what it is', () => {
    assert.equal(config['User'], '65532:65532');
    assert.equal(config['StopSignal'], 'SIGTERM');
    assert.deepEqual(config['ExposedPorts'], { '6432/tcp': {}, '6433/tcp': {} });
    const labels = config['Labels'] as Record<string, string>;
    assert.equal(labels['org.opencontainers.image.version'], version);
    assert.equal(labels['org.opencontainers.image.title'], 'pg_gateway');
    assert.equal(labels['org.opencontainers.image.licenses'], 'MIT');
  });

  it('runs as its own version, with a read-only root', async () => {
    const { child, said } = run(['--version']);
    assert.equal(await ended(child), 0, said());
    assert.equal(said(), `pg_gateway ${version}\n`);
  });

  it('serves with a read-only root as nobody in particular, and ends by its stop signal', async () => {
    const [port, metrics] = [await freePort(), await freePort()];
    assert.ok((config['Env'] as string[]).includes('DRAIN_ACCEPT_MS=5000'), 'load balancers get their time');
    const { name, child, said } = run(['127.0.0.1', String(port)], {
      DRAIN_ACCEPT_MS: '0',
      METRICS_PORT: String(metrics),
      CANDIDATES: '127.0.0.1:1',
      PGUSER: 'postgres',
    });
    const evidence = { evidence: said };
    const live = await waitFor('/live', () => fetch(`http://127.0.0.1:${metrics}/live`), evidence);
    assert.equal(live.status, 200);
    const pid = readFileSync(join(bundle, 'pid'), 'utf8');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t65532\t65532\t65532\t65532$/m);
    const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
    assert.match(mounts.find((line) => line.split(' ')[4] === '/') ?? '', / \/ ro,/);
    // An image of OCI's own format, which buildah makes, has no place for a HEALTHCHECK: the file has it.
    const [, check] =
      /^HEALTHCHECK .* CMD (\[.*\])$/m.exec(readFileSync(join(repository, 'Dockerfile'), 'utf8')) ?? [];
    const health = spawnSync('runc', ['exec', name, ...JSON.parse(check!) as string[]], { encoding: 'utf8' });
    assert.deepEqual([health.status, health.stdout], [0, 'It takes clients.\n'], health.stderr);
    process.kill(Number(pid), config['StopSignal'] as NodeJS.Signals);
    assert.equal(await ended(child), 0, said());
  });
});
