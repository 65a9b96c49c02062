/** Drivers of other languages, as Debian has them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { newPath } from '../../../../test/bed/workspace.ts';
import type { Found, Program } from '../cells.ts';
import { findTool } from '../tool.ts';
import { driverProgram } from './driver.ts';

const clients = join(import.meta.dirname, '../clients');
const jar = '/usr/share/java/postgresql.jar';

/** What Debian says of a package that is installed, or that it is not. */
function debianVersion(name: string): Found {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' });
  if (status !== 0 || stdout === '') {
    return { absent: `it is not installed: Debian's package ${name} has it` };
  }
  return { version: stdout.replace(/[-+].*/, '') };
}

function psycopg(name: string, module: string, debianPackage: string): Program {
  return driverProgram({
    name,
    isCheap: false,
    find: () => debianVersion(debianPackage),
    command: () => ['/usr/bin/python3', join(clients, `with-${module}.py`)],
    lacks: {},
  });
}

/** Made once in a process, at the first call. */
function compiled(make: (path: string) => readonly string[]): () => string {
  let path: string | undefined;
  return () => {
    if (path !== undefined) return path;
    const made = newPath(undefined, 'compiled');
    mkdirSync(made);
    const [command = '', ...args] = make(made);
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
    return path = made;
  };
}

const jdbcFolder = compiled((path) => ['javac', '-cp', jar, '-d', path, join(clients, 'Jdbc.java')]);

const jdbc = driverProgram({
  name: 'JDBC',
  isCheap: false,
  find: () => {
    if (findTool('javac') === undefined) {
      return { absent: "there is no javac: Debian's default-jdk-headless has it" };
    }
    return debianVersion('libpostgresql-jdbc-java');
  },
  command: () => [
    join(dirname(findTool('javac') ?? ''), 'java'),
    '-XX:TieredStopAtLevel=1',
    '-cp',
    `${jdbcFolder()}:${jar}`,
    'Jdbc',
  ],
  lacks: {},
});

const libpqxxFolder = compiled((path) => [
  'g++',
  '-std=c++17',
  '-O0',
  '-pthread',
  '-o',
  join(path, 'client'),
  join(clients, 'libpqxx.cpp'),
  '-lpqxx',
  '-lpq',
]);

const libpqxx = driverProgram({
  name: 'libpqxx',
  isCheap: false,
  find: () => {
    if (findTool('g++') === undefined) return { absent: "there is no compiler: Debian's package g++ has it" };
    return debianVersion('libpqxx-dev');
  },
  command: () => [join(libpqxxFolder(), 'client')],
  lacks: { copy: 'its streams of tables are not tried' },
});

export const otherDrivers: readonly Program[] = [
  psycopg('psycopg 2', 'psycopg2', 'python3-psycopg2'),
  psycopg('psycopg 3', 'psycopg3', 'python3-psycopg'),
  jdbc,
  libpqxx,
];
