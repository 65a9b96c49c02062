import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { programCommand } from '../../bed/gateway.ts';
import { memoryFolders } from '../../../src/demo/servers/memory-folder.ts';
import { noPrometheus, promtool } from '../../bed/prometheus.ts';
import { waitFor } from '../../bed/wait-for.ts';
import { folder as deployed, mountsOf, service } from './compose-file.ts';
import { postgresBin, Stack } from './stack.ts';

function trouble(): string | undefined {
  if (process.platform !== 'linux') return 'namespaces are those of Linux';
  if (process.getuid?.() !== 0) return 'namespaces need root here';
  if (!existsSync(join(postgresBin, 'pg_basebackup'))) {
    return `there is no ${postgresBin} (apt-get install postgresql-15)`;
  }
  const missing = ['ip', 'nsenter', 'setpriv'].filter((tool) =>
    spawnSync(tool, ['--version']).error !== undefined
  );
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`;
}

describe('the services of the compose file', { skip: trouble() ?? false }, () => {
  const folder = mkdtempSync(join(memoryFolders()[0] ?? tmpdir(), 'pgw-compose-'));
  chmodSync(folder, 0o755);
  const prometheusConfig = join(folder, 'prometheus.yml');
  const app = 'host=gateway port=6432 user=app password=app dbname=app';
  let stack: Stack;

  before(async () => {
    const inside = mountsOf(service('prometheus'));
    const config = readFileSync(join(deployed, 'prometheus.yml'), 'utf8');
    writeFileSync(
      prometheusConfig,
      Object.entries(inside).reduce((text, [path, file]) => text.replaceAll(path, file), config),
    );
    stack = await Stack.open(folder);
    // All at once and in the worst order, as compose may.
    for (const name of ['db3', 'db2', 'db1']) stack.startServer(name);
    stack.startProgram('gateway', [...programCommand], { METRICS_HOST: '0.0.0.0' });
    if (noPrometheus) return;
    stack.startProgram('prometheus', [
      'prometheus',
      `--config.file=${prometheusConfig}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    ], { PATH: process.env['PATH'] ?? '/usr/bin' });
  });

  after(async () => {
    await stack?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const wait = <T>(what: string, probe: () => Promise<T | false>): Promise<T> =>
    waitFor(what, probe, { everyMs: 100, deadlineMs: 90_000, evidence: () => stack.said().slice(-4_000) });

  const through = (sql: string) => stack.psql(app, sql);

  /** As the superuser, on the server's own socket: what "docker compose exec" gives. */
  const on = (server: string, sql: string) =>
    stack.psql(`host=${join(folder, server)} user=postgres dbname=postgres`, sql);

  /** Those that are up and receive from it; a base backup that is under way streams too. */
  async function standbysOf(primary: string): Promise<readonly string[]> {
    const names =
      (await on(primary, "select application_name from pg_stat_replication where state = 'streaming'"))
        .split('\n').toSorted();
    const up = await Promise.all(
      names.map((name) => on(name, "select true from pg_stat_wal_receiver where status = 'streaming'")),
    );
    return up.every((answer) => answer === 't') ? names : [];
  }

  const follow = (primary: string, ...standbys: readonly string[]) =>
    wait(
      `${standbys.join(' and ')} to follow ${primary}`,
      async () => isDeepStrictEqual(await standbysOf(primary), standbys),
    );

  it('stand as one primary and two standbys, which are reached by their ports', async () => {
    await follow('db1', 'db2', 'db3');
    await through('create table t (id int)');
    await through('insert into t values (1)');
    const reading = app.replace('6432', '6434');
    await wait(
      'a standby to answer',
      async () => await stack.psql(reading, 'select pg_is_in_recovery(), count(*) from t') === 't|1',
    );
  });

  it('are seen by Prometheus, with the alerts', { skip: noPrometheus }, async () => {
    const { code, said } = promtool(['check', 'config', '--lint=all', '--lint-fatal', prometheusConfig]);
    assert.equal(code, 0, said);
    const ask = (query: string) =>
      stack.run(['promtool', 'query', 'instant', 'http://prometheus:9090', query]);
    await wait(
      'the gateway to be scraped',
      async () => (await ask('pg_gateway_primary{job="pg_gateway",candidate="db1:5432"}')).includes('=> 1 '),
    );
  });

  it('go on when the primary is killed and a standby promoted, and take the old one back', async () => {
    await stack.kill('db1');
    const written = through('insert into t values (2)');
    assert.equal(await on('db2', 'select pg_promote()'), 't');
    await written;
    await follow('db2', 'db3');
    stack.startServer('db1');
    await follow('db2', 'db1', 'db3');
    await wait('all rows on db1', async () =>
      await stack.psql(
        `host=${join(folder, 'db1')} user=postgres dbname=app`,
        'select count(*) from t',
      ) === '2');
  });
});
