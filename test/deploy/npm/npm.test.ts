import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { packageOwners } from '../../../scripts/lib/check/rules.ts';
import { entries, scriptOf } from '../../../scripts/lib/npm/bundle.ts';
import { clientOf } from '../../bed/clients.ts';
import { type Cluster, startCluster } from '../../bed/cluster.ts';
import { type Registry, startJsr, startRegistry } from './registry.ts';
import { Stranger } from './stranger.ts';

const root = join(import.meta.dirname, '../../..');
/** A place of its own: a release that is made meanwhile replaces dist/npm. */
const folder = mkdtempSync(join(tmpdir(), 'npm-'));
const built = join(folder, 'built');
const contents = join(built, 'package');
const bin = (name: string) => join(root, 'node_modules/.bin', name);
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const names = JSON.parse(read('deploy/names.json')) as { npm: string; repository: string };
const { version } = JSON.parse(read('package.json')) as { version: string };

/** A program of this machine, and not of node_modules; undefined if there is none. */
const own = (name: string): string | undefined =>
  process.env['PATH']?.split(':').filter((folder) => !folder.startsWith(root)).map((folder) =>
    join(folder, name)
  )
    .find((path) => existsSync(path));
const versionOf = (node: string | undefined): string =>
  node === undefined ? '' : spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
const npm = ['npm', 'npx'].flatMap((name) => own(name) ?? []);
const ownNode = own('node');
const noNode20 = versionOf(ownNode).startsWith('v20.')
  ? false
  : `the node of this machine is no Node 20 (${versionOf(ownNode) || 'there is none'})`;
const noNode24 = versionOf(bin('node')).startsWith('v24.') ? false : 'no Node 24 came along from npm';
const noSystem = process.platform === 'linux' ? false : 'only Linux is tried here';

let registry: Registry;
let cluster: Cluster;
let archive: string;
const strangers: Stranger[] = [];

function stranger(...programs: readonly string[]): Stranger {
  const one = new Stranger(registry.url, programs);
  strangers.push(one);
  return one;
}

function settings(): Record<string, string> {
  return {
    CANDIDATES: cluster.candidates,
    PGUSER: 'postgres',
    PGPASSWORD: 'secret',
    METRICS_PORT: 'off',
    CONTROL_SOCKET: 'off',
    CONNECT_TIMEOUT_MS: '5000',
    QUERY_TIMEOUT_MS: '20000',
  };
}

before(async () => {
  execFileSync(join(root, 'scripts/npm'), ['--out', built], { stdio: ['ignore', 'ignore', 'inherit'] });
  archive = join(built, readdirSync(built).find((name) => name.endsWith('.tgz'))!);
  registry = await startRegistry(archive, JSON.parse(readFileSync(join(contents, 'package.json'), 'utf8')));
  cluster = await startCluster({ standbys: 1, password: 'secret' });
});
after(async () => {
  for (const one of strangers) one.close();
  registry?.close();
  await cluster?.close();
  rmSync(folder, { recursive: true });
});

/** The program as `command` starts it: it tells its version, finds the primary, and serves a query. */
async function works(
  one: Stranger,
  command: readonly string[],
  expected: { runtime: string; engine: string },
): Promise<void> {
  deepEqual(await one.run([...command, '--version']), { code: 0, output: `pg_gateway ${version}\n` });
  const checked = await one.run([...command, 'check'], settings());
  equal(checked.code, 0, checked.output);
  match(checked.output, new RegExp(`^Primary: ${cluster.first.address}\\.$`, 'm'));
  const serving = await one.serve(command, settings());
  try {
    deepEqual({ runtime: serving.runtime, engine: serving.engine }, expected);
    const sql = clientOf(serving.port, { password: 'secret' });
    const [row] = await sql`select inet_server_port() as port`;
    equal(row?.['port'], cluster.first.port);
    await sql.end({ timeout: 0 });
  } finally {
    await serving.stop();
  }
}

describe('what is packed', () => {
  test('has every module that is started, no dependencies, and nothing that runs at an install', () => {
    const manifest = JSON.parse(readFileSync(join(contents, 'package.json'), 'utf8'));
    deepEqual([manifest.name, manifest.version], [names.npm, version]);
    deepEqual([manifest.dependencies, manifest.scripts], [undefined, undefined]);
    const packed = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' });
    for (const entry of entries()) ok(packed.includes(`package/${scriptOf(entry)}\n`), entry);
    for (const name of ['LICENSE', 'README.md', 'LICENSES-OF-PARTS.txt']) {
      ok(packed.includes(`package/${name}\n`));
    }
    const notices = readFileSync(join(contents, 'LICENSES-OF-PARTS.txt'), 'utf8');
    for (const name of Object.keys(packageOwners)) match(notices, new RegExp(`^${name} \\d`, 'm'));
    // A path of the machine that built it would make another package elsewhere.
    for (const name of readdirSync(contents).filter((name) => name.endsWith('.js'))) {
      ok(!readFileSync(join(contents, name), 'utf8').includes(root), name);
    }
  });

  test('is named in the documents as it is published', () => {
    for (const path of ['deploy/npm/README.md', 'docs/npm.md', 'docs/library.md']) {
      const mentioned = new Set(read(path).match(/@[a-z-]+\/[a-z-]+(?=[\s'`;])/g));
      deepEqual([...mentioned], [names.npm], path);
    }
    ok(read('deploy/npm/README.md').includes(names.repository));
    for (const name of readdirSync(join(root, 'docs/examples'))) {
      ok(read(`docs/examples/${name}`).includes(`'${names.npm}'`));
    }
  });

  test('is well made, as publint and attw see it', () => {
    for (
      const command of [[bin('publint'), '--strict', contents], [
        bin('attw'),
        '--profile',
        'esm-only',
        archive,
      ]]
    ) {
      const { status, stdout, stderr } = spawnSync(bin('node'), command, { encoding: 'utf8' });
      equal(status, 0, `${stdout}${stderr}`);
    }
  });

  test('would be taken by JSR, without slow types', async () => {
    const one = stranger(bin('deno'));
    cpSync(join(built, 'jsr'), one.folder, { recursive: true });
    const { code, output } = await one.run(['deno', 'publish', '--dry-run', '--allow-dirty']);
    equal(code, 0, output);
    match(output, /Checking for slow types in the public API/);
    match(output, /Dry run complete/);
    ok(!/warning|slow-type/i.test(output), output);
  });
});

test('from JSR, where it is no file, it is loaded, too', async () => {
  const jsr = await startJsr(join(built, 'jsr'));
  const one = stranger(bin('deno'));
  writeFileSync(
    join(one.folder, 'from-jsr.ts'),
    `import { createGateway } from '${jsr.url}/library.js';
    const gateway = await createGateway({ CANDIDATES: '127.0.0.1:1', PGUSER: 'nobody' });
    console.log(gateway.status().version);
    await gateway.close();`,
  );
  const { code, output } = await one.run([
    'deno',
    'run',
    '--quiet',
    '--no-prompt',
    '--check',
    '--allow-net',
    '--allow-import',
    'from-jsr.ts',
  ]);
  jsr.close();
  deepEqual([code, output], [0, `${version}\n`]);
});

describe('the program of the package', { skip: noSystem }, () => {
  test('by npx on Node 20', { skip: noNode20 }, async () => {
    await works(stranger(ownNode!, ...npm), ['npx', '-y', names.npm], {
      runtime: 'node',
      engine: 'portable',
    });
  });

  test('by npm exec from the archive, on Node 24', { skip: noNode24 }, async () => {
    const command = ['npm', 'exec', '--yes', `--package=${archive}`, '--', 'pg_gateway'];
    await works(stranger(bin('node'), ...npm), command, { runtime: 'node', engine: 'portable' });
  });

  test('on Node 20 with more threads than it can have says so', { skip: noNode20 }, async () => {
    const { code, output } = await stranger(ownNode!).run(['node', join(contents, 'main.js')], {
      ...settings(),
      NUM_THREADS: '2',
    });
    deepEqual([code, output.trim().split('\n').at(-1)], [
      1,
      `pg_gateway: NUM_THREADS=2 cannot be had on Node ${
        versionOf(ownNode).slice(1)
      }, whose threads cannot share a port: ` +
      'set NUM_THREADS=1, or take Node 22.12 or newer.',
    ]);
  });

  test('by bunx on Bun, with the native engine', async () => {
    const one = stranger(bin('bun'), bin('bunx'));
    const quiet = ['bunx', '--silent', '--bun', names.npm];
    await works(one, quiet, { runtime: 'bun', engine: 'native' });
  });

  const [least, all] = [...read('docs/npm.md').matchAll(/^deno install .*$/gm)].map(([line]) =>
    line.split(' ')
  );

  test('by deno install, with the permissions that docs/npm.md says it needs', async () => {
    await installed(least!, 'portable');
  });

  test('by deno install, with all that docs/npm.md says it can use', async () => {
    await installed(all!, 'native');
  });

  async function installed(command: readonly string[], engine: string): Promise<void> {
    const one = stranger(bin('deno'));
    const { code, output } = await one.run(command);
    equal(code, 0, output);
    // As in a service: without a terminal nothing is asked.
    await works(one, ['pg_gateway'], { runtime: 'deno', engine });
  }

  test('all of that asked the registry for nothing else', () => {
    deepEqual(registry.missed.filter((path) => !path.startsWith('/-/')), []);
  });
});

describe('the library of the package', { skip: noSystem }, () => {
  /** A folder with the package, the client of the examples, and the examples. */
  async function application(...programs: readonly string[]): Promise<Stranger> {
    const node = programs.some((path) => path.endsWith('/node')) ? [] : [bin('node')];
    const one = stranger(...programs, ...node, ...npm);
    writeFileSync(join(one.folder, 'package.json'), '{ "type": "module" }');
    const { code, output } = await one.run(['npm', 'install', '--no-fund', archive]);
    equal(code, 0, output);
    mkdirSync(join(one.folder, 'node_modules/@types'));
    // The types of the client want those of Node.
    for (const name of ['postgres', '@types/node']) {
      symlinkSync(join(root, 'node_modules', name), join(one.folder, 'node_modules', name));
    }
    cpSync(join(root, 'docs/examples'), one.folder, { recursive: true });
    return one;
  }

  const runs = {
    'Node 20': { skip: noNode20, programs: [ownNode!], command: ['node', '--test', 'node.mjs'] },
    'Node 24': { skip: noNode24, programs: [bin('node')], command: ['node', '--test', 'node.mjs'] },
    Bun: { skip: false, programs: [bin('bun')], command: ['bun', 'test', './bun.ts'] },
    Deno: { skip: false, programs: [bin('deno')], command: commandOf('deno.ts') },
  };

  /** As its first line says. */
  function commandOf(example: string): string[] {
    return /PGPASSWORD=\.\.\. (.*)/.exec(read(`docs/examples/${example}`))![1]!.split(' ');
  }

  for (const [runtime, { skip, programs, command }] of Object.entries(runs)) {
    test(`its example on ${runtime}`, { skip }, async () => {
      const one = await application(...programs);
      deepEqual(command, commandOf(command.at(-1)!.replace('./', '')));
      const { code, output } = await one.run(command, settings());
      equal(code, 0, output);
      match(output, /primary: 127\.0\.0\.1:\d+, as /);
    });
  }

  const threaded = `import { createGateway } from '${names.npm}';
    const [CANDIDATES, PGPASSWORD, threads] = process.argv.slice(2);
    const gateway = await createGateway({ CANDIDATES, PGUSER: 'postgres', PGPASSWORD, NUM_THREADS: Number(threads) });
    while (gateway.status().route.primary === null) await new Promise((resolve) => setTimeout(resolve, 10));
    console.log(gateway.status().engine);
    await gateway.close();`;

  test('threads are found in the package, and with --allow-ffi the native engine', async () => {
    const one = await application(bin('bun'), bin('deno'));
    writeFileSync(join(one.folder, 'threaded.mjs'), threaded);
    const deno = ['deno', 'run', '--no-prompt', '--allow-net'];
    const args = ['threaded.mjs', cluster.candidates, 'secret'];
    const engine = (command: readonly string[], threads: string) => one.run([...command, ...args, threads]);
    deepEqual(await engine(['node'], '1'), { code: 0, output: 'portable\n' });
    deepEqual(await engine(['bun'], '1'), { code: 0, output: 'native\n' });
    deepEqual(await engine([...deno, '--allow-ffi'], '1'), { code: 0, output: 'native\n' });
    deepEqual(await engine(deno, '0'), { code: 0, output: 'portable\n' });
  });

  test('its types are those of the settings and events, in both ways of resolving them', async () => {
    const one = await application();
    writeFileSync(join(one.folder, 'consumer.ts'), consumer);
    const shared = ['--noEmit', '--strict', '--checkJs', '--skipLibCheck', 'false', '--target', 'es2022'];
    const types = ['--lib', 'esnext', '--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    for (
      const resolution of [['--module', 'nodenext'], ['--module', 'esnext', '--moduleResolution', 'bundler']]
    ) {
      const { code, output } = await one.run([bin('tsc'), ...shared, ...types, ...resolution, 'consumer.ts']);
      equal(code, 0, output);
    }
    const examples = ['node.mjs', 'bun.ts'];
    const own = [
      ...shared.filter((option) => option !== 'false' && option !== '--skipLibCheck'),
      '--skipLibCheck',
    ];
    const { code, output } = await one.run(
      [bin('tsc'), ...own, '--allowJs', '--module', 'nodenext', ...types, '--types', 'node,bun', ...examples],
    );
    equal(code, 0, output);
  });
});

const consumer = `import { ConfigError, createGateway, type Settings, type Status } from '${names.npm}';
const settings: Settings = { CANDIDATES: ['a:5432', 'b'], LISTEN_PORT: 0, HOLD_MS: '10s', REPLICA_PORT: false, DRILLS: true };
try {
  await using gateway = await createGateway(settings, { log: ({ event, fields }) => console.log(event, fields) });
  const status: Status = gateway.status();
  const end: () => void = gateway.on('verdict', ({ primary, reason }) => console.log(primary?.length, reason.length));
  const port: number = gateway.address.port;
  const left: number = await gateway.drain({ ms: 1 });
  console.log(status.route.primary?.address, end, port, left);
  // @ts-expect-error -- no such event
  gateway.on('nothing', () => {});
} catch (error) {
  if (error instanceof ConfigError) console.error(error.problems.join());
}
// @ts-expect-error -- no such setting
export const misspelt: Settings = { CANDIDATE: 'x' };
// @ts-expect-error -- no such choice
export const wrong: Settings = { SPLIT_BRAIN: 'x' };
`;
