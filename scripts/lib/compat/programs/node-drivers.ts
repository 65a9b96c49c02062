/** Drivers and what is built on them, from npm. */
import { join } from 'node:path';
import type { Program } from '../cells.ts';
import { folderOf, installPackages, type PackageSet, packageVersion } from '../packages.ts';
import { type Driver, driverProgram } from './driver.ts';

const ofPool = 'its pool has none; it is that of node-postgres';

function nodeDriver(
  name: string,
  file: string,
  of: string,
  { lacks, isCheap = false, set = 'drivers' }: Partial<Pick<Driver, 'lacks' | 'isCheap'>> & {
    readonly set?: PackageSet;
  },
): Program {
  return driverProgram({
    name,
    isCheap,
    find: async () => {
      const absent = await installPackages(set);
      return absent === undefined ? { version: packageVersion(set, of) } : { absent };
    },
    command: () => [process.execPath, join(import.meta.dirname, '../clients', file)],
    env: { COMPAT_PACKAGES: folderOf(set) },
    lacks: lacks ?? {},
  });
}

export const nodeDrivers: readonly Program[] = [
  nodeDriver('postgres.js', 'postgres.ts', 'postgres', { isCheap: true }),
  nodeDriver('node-postgres', 'pg.ts', 'pg', { isCheap: true }),
  nodeDriver('Kysely', 'kysely.ts', 'kysely', { lacks: { cancel: ofPool, copy: ofPool, notify: ofPool } }),
  nodeDriver('Drizzle', 'drizzle.ts', 'drizzle-orm', {
    set: 'more',
    lacks: { cancel: ofPool, copy: ofPool, notify: ofPool },
  }),
  nodeDriver('Prisma', 'prisma.ts', 'prisma', {
    set: 'more',
    lacks: { cancel: ofPool, copy: ofPool, notify: ofPool },
  }),
  nodeDriver('graphile-worker', 'graphile-worker.ts', 'graphile-worker', {
    set: 'more',
    lacks: {
      cancel: 'it cancels no queries',
      copy: 'it does no COPY',
      long: 'it keeps no transaction open',
    },
  }),
  nodeDriver('pg-boss', 'pg-boss.ts', 'pg-boss', {
    lacks: {
      cancel: 'it cancels no queries',
      copy: 'it does no COPY',
      notify: 'it polls',
      long: 'it keeps no transaction open',
    },
  }),
];
