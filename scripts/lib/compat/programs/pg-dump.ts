/** pg_dump and pg_restore: a database goes out and comes back the same. */
import { rmSync } from 'node:fs';
import type { Program } from '../cells.ts';
import { failover, type Scene } from '../scene.ts';
import { failureOf, findTool, runTool, startTool } from '../tool.ts';
import { newPath } from '../../../../test/bed/workspace.ts';
import { runs } from './psql.ts';
import { pathOf, versionOfTool } from './debian-tools.ts';

const rows = 20_000;

/** Dumps one database and restores it as another; with two jobs each, as people do it with what is large. */
async function thereAndBack(scene: Scene, env: Readonly<Record<string, string>>): Promise<string> {
  const psql = (database: string, statement: string) =>
    runTool([findTool('psql') ?? 'psql', '-X', '-A', '-t', '-q', '-c', statement], {
      ...env,
      PGDATABASE: database,
    });
  const sum = 'select md5(string_agg(t::text, chr(10) order by n)) from dumped t';
  const folder = newPath(undefined, 'dump');
  try {
    for (const name of ['source', 'target']) await psql('postgres', `create database ${name}`);
    await psql(
      'source',
      `create table dumped as select n, md5(n::text) as text from generate_series(1, ${rows}) n`,
    );
    await psql('source', 'alter table dumped add primary key (n)');
    await runTool([pathOf('pg_dump'), '-Fd', '-j', '2', '-f', folder], { ...env, PGDATABASE: 'source' });
    await runTool([pathOf('pg_restore'), '-j', '2', '-d', 'target', folder], env);
    const [before, after] = [await psql('source', sum), await psql('target', sum)];
    if (before !== after) throw new Error(`what was restored is not what was dumped`);
    return '';
  } finally {
    rmSync(folder, { recursive: true, force: true });
    for (const name of ['source', 'target']) {
      await scene.primary.query(`drop database if exists ${name} with (force)`);
    }
  }
}

export const pgDump: Program = {
  name: 'pg_dump and pg_restore',
  isCheap: true,
  find: ({ version }) => versionOfTool('pg_dump', 'postgresql-client', version),
  plan: () => ({
    plain: (scene, way) => thereAndBack(scene, scene.environment(way)),
    tls: (scene, way) => thereAndBack(scene, scene.environment(way, true)),
    cancel: 'pg_dump cancels only the queries of its own workers, when it is interrupted',
    copy: 'plain is that',
    notify: 'they listen to nothing',
    long: 'a dump is one',
    failover: async (scene, fault) => {
      const env = scene.environment('gateway');
      const holder = scene.primary.connect();
      try {
        await scene.primary.query('create table if not exists locked (n int)');
        await holder`begin`;
        await holder`lock table locked`;
        const child = await startTool([pathOf('pg_dump'), '-t', 'locked'], env);
        // The lock keeps it in the middle until its server is killed.
        await runs(scene, 'LOCK TABLE');
        return await failover(scene, fault, () => failureOf(child), async () => {
          const dump = await runTool([pathOf('pg_dump'), '-t', 'locked'], env);
          if (!dump.includes('CREATE TABLE public.locked')) {
            throw new Error(`the dump lacks the table: ${dump}`);
          }
          return scene.primary.port;
        });
      } finally {
        await holder.end({ timeout: 0 }).catch(() => {});
      }
    },
  }),
};
