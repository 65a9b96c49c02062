import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from '../../bed/clients.ts';
import { type Cluster, startCluster } from '../../bed/cluster.ts';
import { patient } from '../../bed/gateway.ts';
import { packagesInside } from '../../../scripts/lib/release/parts.ts';
import { freePort } from '../../bed/ports.ts';
import { waitFor } from '../../bed/wait-for.ts';
import { makeBase, makeTarget } from './base.ts';
import { Container, type Image, type Options } from './container.ts';
import { registryTrouble, startRegistry } from './registry.ts';
import { noSeccomp } from './seccomp.ts';
import { Store } from './store.ts';

const repository = join(import.meta.dirname, '../../..');
const read = (name: string) => JSON.parse(readFileSync(join(repository, name), 'utf8'));
const { name: title, version, description, license } = read('package.json');
const names = read('deploy/names.json');

/** Licenses of parts of Bun. */
const licenses = join(repository, 'deploy/licenses');
const texts = readdirSync(licenses, { withFileTypes: true }).filter((entry) => entry.isFile()).map((
  { name },
) => name);

const emulator = '/usr/bin/qemu-aarch64-static';
const authorities = '/etc/ssl/certs/ca-certificates.crt';
const architectures = ['amd64', 'arm64'] as const;
type Architecture = (typeof architectures)[number];

const has = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined;

async function trouble(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the images are built on Linux x64 here';
  if (process.getuid?.() !== 0) return 'buildah and runc need root here';
  const missing = ['buildah', 'runc', 'npm', 'mmdebstrap', 'readelf'].filter((tool) => !has(tool));
  if (missing.length > 0) {
    return `not installed: ${missing.join(', ')} (apt-get install buildah runc mmdebstrap binutils)`;
  }
  return noSeccomp ?? await registryTrouble();
}

describe('the container image', { skip: await trouble() ?? false }, () => {
  // On disk, as buildah itself does it: TMPDIR may be memory, and these are gigabytes.
  const folder = mkdtempSync('/var/tmp/pgw-image-');
  const store = new Store(folder);
  const containers: Container[] = [];
  const images = {} as Record<Architecture, Image>;
  const files = {} as Record<Architecture, readonly string[]>;
  const inspected = {} as Record<Architecture, Inspected>;
  let fetched: ReadonlySet<string> = new Set();
  let cluster: Cluster;
  /** Of this machine: a bundle with the authority of the cluster's servers. */
  const clusterAuthority = join(folder, 'authority.pem');

  interface Inspected {
    readonly config: Image['config'] & {
      readonly Labels: Readonly<Record<string, string>>;
      readonly ExposedPorts: object;
      readonly Healthcheck?: { readonly Test: readonly string[] };
    };
    readonly architecture: string;
    readonly created: string;
  }

  before(async () => {
    // Users without a name of their own must get in: the folder of a test is closed to them.
    chmodSync(folder, 0o755);
    const [base, target] = [join(folder, 'base'), join(folder, 'target')];
    makeBase(base);
    makeTarget(target, 'arm64');
    store.add('localhost/base', 'amd64', base);
    store.add('localhost/base', 'arm64', target);
    const registry = await startRegistry();
    try {
      await store.build(join(repository, 'scripts/image'), [
        'localhost/image',
        ...['--platform', 'linux/amd64,linux/arm64', '--isolation', 'chroot', '--pull-never'],
        ...['--build-arg', 'BASE=localhost/base'],
        ...['--build-arg', `NPM_CONFIG_REGISTRY=${registry.url}`],
        ...['--build-arg', `CA_CERT=${registry.authority}`],
      ]);
    } finally {
      registry.close();
    }
    fetched = registry.fetched;
    for (const arch of architectures) {
      const rootfs = store.mount('localhost/image', arch);
      files[arch] = readdirSync(rootfs, { recursive: true, encoding: 'utf8', withFileTypes: true })
        .filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) =>
          join(parentPath, name).slice(rootfs.length)
        ).sort();
      const container = store.buildah('from', '--pull-never', '--arch', arch, 'localhost/image');
      inspected[arch] = JSON.parse(store.buildah('inspect', container)).Docker;
      images[arch] = {
        rootfs,
        config: inspected[arch].config,
        emulator: arch === 'arm64' ? emulator : undefined,
      };
    }
    cluster = await startCluster({ standbys: 1, tls: true });
    writeFileSync(clusterAuthority, cluster.certificate!);
  });

  after(async () => {
    for (const container of containers) container.remove();
    await cluster?.close();
    store.buildah('rm', '--all');
    rmSync(folder, { recursive: true, force: true });
  });

  function run(arch: Architecture, args: readonly string[], options?: Options): Container {
    const container = new Container(folder, images[arch], args, options);
    containers.push(container);
    return container;
  }

  /** A gateway before the cluster that proves by verify-full whom it asks; with its ports. */
  async function serve(arch: Architecture, options: Options = {}) {
    const [port, metrics] = [await freePort(), await freePort()];
    const gateway = run(arch, ['127.0.0.1', String(port)], {
      ...options,
      files: { [authorities]: clusterAuthority, ...options.files },
      env: {
        ...patient,
        DRAIN_ACCEPT_MS: '0',
        METRICS_PORT: String(metrics),
        CANDIDATES: cluster.candidates,
        PGUSER: 'postgres',
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: 'system',
        ...options.env,
      },
    });
    await waitFor('a primary', async () => {
      const status = await (await fetch(`http://127.0.0.1:${metrics}/status`)).json() as {
        route: { primary: { candidate: string } | null };
      };
      return status.route.primary?.candidate === cluster.first.address;
    }, { evidence: gateway.said });
    return { gateway, port, metrics };
  }

  it('is built with Bun and the packages of the program, from a registry behind a private authority', () => {
    const others = [...fetched].filter((name) => !name.startsWith('@oven/bun-')).sort();
    assert.deepEqual(others, ['bun', 'citty', 'consola', 'node-forge', 'postgres', 'smol-toml']);
  });

  for (const arch of architectures) {
    it(`holds for ${arch} the executable, what it loads, authorities, and licenses`, () => {
      const isLibrary = (file: string) => /\/(?:ld-linux-.*|lib[a-z]+)\.so\.\d+$/.test(file);
      assert.deepEqual(files[arch].filter((file) => !isLibrary(file)), [
        '/etc/group',
        '/etc/nsswitch.conf',
        '/etc/passwd',
        authorities,
        ...['glibc', 'pg_gateway', ...packagesInside(), 'bun', ...texts].toSorted().map((name) =>
          `/licenses/${name}`
        ),
        '/pg_gateway',
      ]);
      const programs = ['/pg_gateway', ...files[arch].filter(isLibrary)];
      const { stdout } = spawnSync(
        'readelf',
        ['-d', '-h', ...programs.map((path) => join(images[arch].rootfs, path))],
        { encoding: 'utf8' },
      );
      const wanted = [...stdout.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name!);
      const there = files[arch].filter(isLibrary).map((path) => path.slice(path.lastIndexOf('/') + 1));
      assert.deepEqual(there.toSorted(), [...new Set(wanted)].toSorted());
      const machines = [...stdout.matchAll(/^ +Machine: +(.+)$/gm)].map(([, machine]) => machine);
      const machine = { amd64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' }[arch];
      assert.deepEqual(machines, programs.map(() => machine));
    });

    it(`says for ${arch} what it is`, () => {
      const { config, architecture, created } = inspected[arch];
      assert.equal(architecture, arch);
      assert.equal(config.User, '65532:65532');
      assert.equal(config.StopSignal, 'SIGTERM');
      assert.deepEqual(config.ExposedPorts, { '6432/tcp': {}, '6433/tcp': {} });
      assert.deepEqual(config.Healthcheck?.Test, ['CMD', '/pg_gateway', 'health']);
      const of = (name: string) => config.Labels[`org.opencontainers.image.${name}`];
      assert.equal(of('title'), title);
      assert.equal(of('description'), description);
      assert.equal(of('version'), version);
      assert.equal(of('licenses'), license);
      assert.equal(of('source'), names.repository);
      assert.equal(of('url'), names.repository);
      const page = of('documentation')!.replace(`${names.repository}/blob/main/`, '');
      assert.ok(existsSync(join(repository, page)), page);
      const git = (...args: string[]) =>
        spawnSync('git', ['-C', repository, ...args], { encoding: 'utf8' }).stdout.trim();
      assert.equal(of('revision')?.replace('-dirty', ''), git('rev-parse', 'HEAD'));
      const committedAt = Number(git('log', '-1', '--format=%ct')) * 1_000;
      assert.equal(Date.parse(of('created')!), committedAt);
      assert.equal(Date.parse(created), committedAt);
    });
  }

  it('has the authorities of Mozilla, as Node has them', () => {
    const text = readFileSync(join(images.amd64.rootfs, authorities), 'utf8');
    const found = text.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
    const subjects = found.map((pem) => new X509Certificate(pem).subject);
    assert.ok(subjects.some((subject) => /ISRG Root X1/.test(subject)), subjects.join('\n'));
    assert.equal(readFileSync(join(images.arm64.rootfs, authorities), 'utf8'), text);
  });

  it('runs as its own version, with a read-only root', async () => {
    const container = run('amd64', ['--version']);
    assert.equal(await container.ended(), 0, container.said());
    assert.equal(container.said(), `pg_gateway ${version}\n`);
  });

  it('serves with everything dropped and nothing that it could write to, and ends by its stop signal', async () => {
    assert.ok(images.amd64.config.Env.includes('DRAIN_ACCEPT_MS=5000'), 'load balancers get their time');
    const { gateway, port } = await serve('amd64');
    assert.deepEqual(await ask(port, 'select 7 as answer'), [{ answer: 7 }]);
    const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t65532\t65532\t65532\t65532$/m);
    assert.match(status, /^CapBnd:\t0+$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.match(status, /^Seccomp:\t2$/m);
    assert.match(status, /^NSpid:\t\d+\t1$/m);
    const mounts = readFileSync(`/proc/${gateway.pid}/mountinfo`, 'utf8').split('\n');
    assert.match(mounts.find((line) => line.split(' ')[4] === '/') ?? '', / \/ ro,/);

    const explained = gateway.exec('/pg_gateway', 'explain');
    assert.match(explained.stdout, new RegExp(`^Primary: ${cluster.first.address} `, 'm'), explained.stderr);
    const health = gateway.exec(...inspected.amd64.config.Healthcheck!.Test.slice(1));
    assert.deepEqual([health.code, health.stdout], [0, 'It takes clients.\n'], health.stderr);
    const paused = gateway.exec('/pg_gateway', 'pause');
    assert.equal(paused.code, 1);
    assert.match(paused.stderr, /there is no control socket/);

    gateway.stop();
    assert.equal(await gateway.ended(), 0, gateway.said());
  });

  const places = { '/run': '/run/pg_gateway', '/tmp': '/tmp/pg_gateway-65532' };
  for (const [place, socketFolder] of Object.entries(places)) {
    it(`takes commands where ${place} can be written to`, async () => {
      const { gateway, port } = await serve('amd64', { tmpfs: [place] });
      assert.ok(gateway.said().includes(`${socketFolder}/${port}.sock`), gateway.said());
      for (const command of ['health', 'pause', 'resume', 'status', 'drain']) {
        const { code, stderr } = gateway.exec('/pg_gateway', command);
        assert.equal(code, 0, `${command}: ${stderr}`);
      }
      assert.equal(await gateway.ended(), 0, gateway.said());
    });
  }

  it('believes no server whose authority it does not have', async () => {
    const check = run('amd64', ['check'], {
      env: {
        CANDIDATES: cluster.first.address,
        PGUSER: 'postgres',
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: 'system',
      },
    });
    assert.equal(await check.ended(), 1, check.said());
    assert.match(check.said(), /self.signed|certificate/i);
  });

  const noEmulator = !existsSync(emulator) && `there is no ${emulator} (apt-get install qemu-user-static)`;

  it('runs on arm64: its version, a check, and a query through it', { skip: noEmulator }, async () => {
    const told = run('arm64', ['--version']);
    assert.equal(await told.ended(), 0, told.said());
    assert.equal(told.said(), `pg_gateway ${version}\n`);

    const check = run('arm64', ['check'], {
      env: { ...patient, CANDIDATES: cluster.candidates, PGUSER: 'postgres' },
    });
    assert.equal(await check.ended(), 0, check.said());
    assert.match(check.said(), new RegExp(`^Primary: ${cluster.first.address}\\.$`, 'm'));

    const { gateway, port } = await serve('arm64');
    assert.deepEqual(await ask(port, 'select 7 as answer'), [{ answer: 7 }]);
    gateway.stop();
    assert.equal(await gateway.ended(), 0, gateway.said());
  });
});
