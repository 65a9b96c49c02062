import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startCluster, startStranger } from './cluster.ts';
import type { Server } from './cluster.ts';
import { isFree } from './ports.ts';
import { familyOf, isRunning, listProcesses } from '../../src/demo/servers/processes.ts';
import { waitFor } from './wait-for.ts';
import { removeWorkspace } from './workspace.ts';

after(removeWorkspace);

const systemOf = async (server: Server) => {
  const [row] = await server.query('select system_identifier::text as system from pg_control_system()');
  return row?.['system'];
};

// Bun's runner ends a test after 5 s otherwise, which a busy machine may need.
const patience = { timeout: 120_000 };

const readOnly = { code: '25006' };

test('a standby streams what the primary writes, and refuses writes', patience, async () => {
  const cluster = await startCluster({ standbys: 2 });
  try {
    await cluster.first.query('create table t as select 42 as n');
    for (const standby of cluster.servers.slice(1)) {
      await standby.catchUp();
      assert.deepEqual(await standby.query('select n from t'), [{ n: 42 }]);
      await assert.rejects(standby.query('insert into t values (1)'), readOnly);
    }
    assert.equal(cluster.candidates.split(',').length, 3);
  } finally {
    await cluster.close();
  }
});

test(
  'after a kill a promoted standby writes on the next timeline, and the others follow it',
  patience,
  async () => {
    const cluster = await startCluster({ standbys: 2 });
    try {
      const [old, next, other] = [cluster.server(0), cluster.server(1), cluster.server(2)];
      assert.equal(await next.timeline(), 1);
      await old.kill();
      assert.equal(old.pid, undefined);
      await assert.rejects(old.query('select 1'), { code: 'ECONNREFUSED' });
      await next.promote();
      assert.equal(await next.timeline(), 2);
      await other.follow(next);
      await next.query('create table t as select 1 as n');
      await other.catchUp();
      assert.deepEqual(await other.query('select n from t'), [{ n: 1 }]);
      await old.rebuildFrom(next);
      assert.deepEqual(await old.query('select n from t, pg_is_in_recovery() as standby where standby'), [{
        n: 1,
      }]);
      assert.equal(await old.timeline(), 2);
    } finally {
      await cluster.close();
    }
  },
);

test('a primary that was stopped cleanly comes back as a standby without a rebuild', patience, async () => {
  const cluster = await startCluster({ standbys: 1 });
  try {
    const [old, next] = [cluster.server(0), cluster.server(1)];
    await old.stop('fast');
    await next.promote();
    await old.follow(next);
    assert.equal(await old.timeline(), 2);
    const late = await cluster.addStandby(next);
    assert.equal(await systemOf(late), await systemOf(old));
  } finally {
    await cluster.close();
  }
});

test(
  'follow does not return while the standby has more of the old timeline than the new one',
  patience,
  async () => {
    const cluster = await startCluster({ standbys: 2 });
    try {
      const [old, next, ahead] = [cluster.server(0), cluster.server(1), cluster.server(2)];
      await next.stop();
      await old.query('create table t as select generate_series(1, 1000) as n');
      await ahead.catchUp();
      await old.kill();
      await next.start();
      await next.promote();
      await assert.rejects(ahead.follow(next, { deadlineMs: 2000 }), /server3 to stream from server2/);
      await ahead.rebuildFrom(next);
      assert.equal(await ahead.timeline(), 2);
    } finally {
      await cluster.close();
    }
  },
);

test('a frozen server keeps its connections and says nothing until it thaws', patience, async () => {
  const cluster = await startCluster();
  const sql = cluster.first.connect();
  try {
    await sql`select 1`;
    cluster.first.freeze();
    // One that runs is stopped when it is its turn.
    await waitFor(
      'all its processes to be stopped',
      () => familyOf(cluster.first.pid ?? 0).every((pid) => stateOf(pid) === 'T'),
    );
    const answer = sql`select 2 as n`.then((rows) => [...rows]);
    await assert.rejects(cluster.first.query('select 1', 300), /server1 did not answer in 300 ms/);
    await assert.rejects(cluster.first.stop(), /server1 is frozen/);
    cluster.first.thaw();
    assert.deepEqual(await answer, [{ n: 2 }]);
  } finally {
    await sql.end({ timeout: 0 });
    await cluster.close();
  }
});

function stateOf(pid: number): string | undefined {
  return listProcesses().find((process) => process.pid === pid)?.state.slice(0, 1);
}

test(
  'a stranger has another system identifier; a twin has the same one and the same timeline',
  patience,
  async () => {
    const cluster = await startCluster({ standbys: 1 });
    const stranger = await startStranger();
    try {
      assert.notEqual(await systemOf(stranger.first), await systemOf(cluster.first));
      await cluster.server(1).stop();
      const twin = await cluster.addTwin(cluster.server(1));
      assert.equal(await systemOf(twin), await systemOf(cluster.first));
      assert.equal(await twin.timeline(), await cluster.first.timeline());
      assert.deepEqual(await twin.query('select pg_is_in_recovery() as standby'), [{ standby: false }]);
    } finally {
      await Promise.all([cluster.close(), stranger.close()]);
    }
  },
);

test('a server with a password and TLS asks for the one and offers the other', patience, async () => {
  const cluster = await startCluster({
    standbys: 1,
    password: 'secret word',
    tls: true,
    maxConnections: 1200,
  });
  const standby = cluster.server(1);
  const wrong = standby.connect({ password: 'no' });
  const secure = standby.connect({ ssl: { ca: cluster.certificate, rejectUnauthorized: true } });
  try {
    await assert.rejects(wrong`select 1`, { code: '28P01' });
    const [row] = await secure`select ssl, current_setting('max_connections') as max
      from pg_stat_ssl where pid = pg_backend_pid()`;
    assert.deepEqual({ ...row }, { ssl: true, max: '1200' });
  } finally {
    await Promise.all([wrong.end({ timeout: 0 }), secure.end({ timeout: 0 })]);
    await cluster.close();
  }
});

test('a server that cannot start says which one and shows its log', patience, async () => {
  await assert.rejects(
    startCluster({ settings: { shared_buffers: 'plenty' } }),
    /server1 did not start: it ended\n[^]*invalid value for parameter "shared_buffers"/,
  );
});

test(
  'close leaves no process, no folder and no port behind, whatever state the servers are in',
  patience,
  async () => {
    const cluster = await startCluster({ standbys: 2 });
    const family = cluster.servers.flatMap(({ pid }) => familyOf(pid ?? 0));
    assert.ok(family.length > 12);
    cluster.server(0).freeze();
    await cluster.server(1).kill();
    await cluster.close();
    assert.deepEqual(family.filter(isRunning), []);
    assert.equal(existsSync(cluster.folder), false);
    for (const { port } of cluster.servers) assert.equal(await isFree(port), true);
  },
);

for (const end of ['SIGINT', 'SIGTERM', 'SIGKILL', 'exception'] as const) {
  test(
    `a program that holds a cluster and ends by ${end} leaves nothing behind`,
    patience,
    async (context) => {
      const program = new URL('./hold-cluster.ts', import.meta.url);
      const run = process.versions['deno'] === undefined ? [] : ['run', '-A', '--no-check'];
      const child = spawn(process.execPath, [...run, fileURLToPath(program), end], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      context.after(() => child.kill('SIGKILL'));
      let output = '';
      child.stdout.on('data', (bytes) => output += bytes);
      child.stderr.on('data', () => {});
      const held = await waitFor('the child to hold a cluster', () => {
        const line = /^\{.*\}$/m.exec(output)?.[0];
        return line === undefined
          ? undefined
          : JSON.parse(line) as { servers: number[]; pids: number[]; folder: string };
      });
      // Not all of their families: a worker of autovacuum comes and goes.
      assert.ok(held.servers.every(isRunning));
      if (end === 'exception') child.kill('SIGHUP');
      else child.kill(end);
      await ended;
      await waitFor('the folder to go', () => !existsSync(dirname(held.folder)));
      // Killed, but a busy kernel may still be taking them apart.
      await waitFor('the servers to go', () => !held.pids.some(isRunning));
    },
  );
}
