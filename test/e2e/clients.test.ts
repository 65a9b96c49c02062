import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Clients } from '../../src/admin/commands.ts';
import { clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { openTls } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'clients-'));
const [control, file] = [join(folder, 'control.sock'), join(folder, 'gateway.conf')];
after(() => rmSync(folder, { recursive: true }));

const tell = (...args: string[]) => runProgram([...args, '--control-socket', control]);

/** The first query of that heading in the document. */
function documented(heading: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
  const part = text.slice(text.indexOf(`\n${heading}\n`));
  const sql = /```sql\n([^]*?)```/.exec(part)?.[1];
  assert.ok(sql, `docs/operations.md has no query under "${heading}"`);
  return sql;
}

describe(`who is connected, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  before(async () => {
    cluster = await startCluster({ standbys: 1, tls: true });
    writeFileSync(file, '');
    gateway = await startGateway({
      CONFIG_FILE: file,
      CANDIDATES: cluster.candidates,
      CONTROL_SOCKET: control,
      REPLICA_PORT: '0',
      ...patient,
    });
    await gateway.routesTo(cluster.first.port);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  const list = async (...args: string[]) => {
    const { code, stdout, stderr } = await tell('clients', '--json', ...args);
    assert.equal(code, 0, stderr);
    return (JSON.parse(stdout) as Clients).clients;
  };

  test('each client is there with its server, its names, and what has passed', async () => {
    const sql = clientOf(gateway.port, { connection: { application_name: 'ledger' } });
    const reader = clientOf(gateway.standbyPort);
    const secret = await openTls(gateway.port);
    try {
      const [row] = await sql`select client_port as port, repeat('x', 5000) as x from pg_stat_activity
        where pid = pg_backend_pid()`;
      await reader`select 1`;
      const all = await list();
      assert.deepEqual(all.map(({ port, state }) => `${port} ${state}`).sort(), [
        'primary open',
        'primary open',
        'standby open',
      ]);
      const ledger = all.find(({ application }) => application === 'ledger');
      assert.deepEqual([ledger?.user, ledger?.database], ['postgres', 'postgres']);
      assert.equal(ledger?.server, cluster.first.address);
      assert.equal(ledger?.local, `127.0.0.1:${row?.['port']}`, 'our own end is what the server sees');
      assert.ok(ledger.downBytes > 5_000 && ledger.downBytes < 20_000, String(ledger.downBytes));
      assert.ok(ledger.upBytes > 50 && ledger.upBytes < 5_000, String(ledger.upBytes));
      assert.ok(ledger.idleMs !== null && ledger.idleMs <= ledger.ageMs + 250);
      // Under TLS nobody but the server can read who it is.
      assert.equal(all.filter(({ user }) => user === null).length, 1);
      const [other] = await list('--server', cluster.server(1).address);
      assert.equal(other?.port, 'standby');
      assert.deepEqual((await list('--client', ledger.client!)).map(({ application }) => application), [
        'ledger',
      ]);
      const { stdout } = await tell('clients', '--state', 'open', '--sort', 'down', '--address', '127.0.0.1');
      const [heading, first, ...more] = stdout.trimEnd().split('\n');
      assert.match(
        heading!,
        /^CLIENT +SINCE +STATE +PORT +SERVER +OUR END +UP +DOWN +KEPT +IDLE +USER +DATABASE +APPLICATION$/,
      );
      assert.match(first!, /^127\.0\.0\.1:\d+ .* open +primary +127\.0\.0\.1:.* postgres +postgres +ledger$/);
      assert.equal(more.length, 2);
    } finally {
      secret.destroy();
      await sql.end({ timeout: 0 });
      await reader.end({ timeout: 0 });
    }
  });

  test('the client behind the holder of a lock is found with one query', async () => {
    const holder = clientOf(gateway.port, { connection: { application_name: 'holder' } });
    const waiter = clientOf(gateway.port);
    try {
      await cluster.first.query('create table locked ()');
      await holder.unsafe('begin; lock table locked');
      const blocked = waiter.unsafe('select from locked').catch(() => {});
      const sql = documented('### Who is behind a session of the server');
      const clients = (await tell('clients', '--json')).stdout;
      const rows = await waitFor('the lock to be waited for', async () => {
        const rows = await cluster.first.query(sql.replaceAll(`:'clients'`, `$json$${clients}$json$`));
        return rows.length > 0 && rows;
      });
      const [{ client, application } = {}] = rows;
      assert.equal(rows.length, 1);
      assert.equal(application, 'holder');
      assert.equal(client, (await list()).find(({ application }) => application === 'holder')?.client);
      assert.equal((await tell('kill', String(client))).code, 0);
      await blocked;
      assert.equal(await gateway.metric('pg_gateway_closes_total{reason="killed"}'), 1);
    } finally {
      await holder.end({ timeout: 0 });
      await waiter.end({ timeout: 0 });
    }
  });

  test('more than one session is ended only for those who say that they mean it, in order for the server', async () => {
    const sessions = [clientOf(gateway.standbyPort), clientOf(gateway.standbyPort)];
    const [name, before] = [cluster.server(1).address, cluster.server(1).log().length];
    const killed = () => gateway.metric('pg_gateway_closes_total{reason="killed"}');
    const earlier = await killed() ?? 0;
    await Promise.all(sessions.map((session) => session`select 1`));
    const doubtful = await tell('kill', '--server', name);
    assert.equal(doubtful.code, 1);
    assert.match(doubtful.stderr, /2 clients are meant: say --yes to end them all/);
    assert.equal(await killed(), earlier);
    const { code, stdout } = await tell('kill', '--server', name, '--yes');
    assert.deepEqual([code, stdout], [0, '2 clients ended.\n']);
    assert.equal(await killed(), earlier + 2);
    const asked = gateway.log.findLast(({ event }) => event === 'command');
    assert.deepEqual([asked?.['command'], asked?.['args']], ['kill', `{"server":"${name}","yes":true}`]);
    const nobody = await tell('kill', '--server', name);
    assert.match(nobody.stderr, /there is no such client/);
    assert.equal(nobody.code, 1);
    await waitFor('their server processes to end', async () => {
      const rows = await cluster.server(1).query(`select from pg_stat_activity where client_port is not null
        and application_name = 'postgres.js'`);
      return rows.length === 1;
    });
    assert.doesNotMatch(cluster.server(1).log().slice(before), /reset by peer|unexpected EOF/);
    await Promise.all(sessions.map((session) => session.end({ timeout: 0 })));
  });

  test('the end of a session is a line of the log, from a reload on that asks for it', async () => {
    const names = (event: string) => gateway.log.filter((line) => line.event === event);
    const early = clientOf(gateway.port, { connection: { application_name: 'early' } });
    const [{ x } = {}] = await early`select repeat('x', 20000) as x`;
    writeFileSync(file, 'LOG_CONNECTIONS=all\n');
    gateway.signal('SIGHUP');
    await waitFor('the reload', () => names('reloaded').length > 0);
    const row = (await list()).find(({ application }) => application === 'early');
    await early.end();
    const line = await waitFor(
      'the line',
      () => names('session_ended').find(({ application }) => application === 'early'),
    );
    assert.equal(String(x).length, 20_000);
    assert.equal(line['client'], row?.client);
    assert.deepEqual(
      ['user', 'database', 'application', 'server', 'port'].map((field) => line[field]),
      ['postgres', 'postgres', 'early', cluster.first.address, 'primary'],
    );
    // A client says Terminate, and whoever closes first has ended it.
    assert.match(`${line['by']} ${line['reason']}`, /^(client client|server server)Closed$/);
    assert.ok(Number(line['downBytes']) > 20_000 && Number(line['durationMs']) >= row!.ageMs);
  });

  test('what is asked for in a wrong way is told, with exit code 2', async () => {
    for (
      const [args, message, command = 'clients'] of [
        [['--sort', 'height'], /--sort height is none of age, idle, up/],
        [['--state', 'asleep'], /--state asleep is none of opening, held, /],
        [['--server', 'db9'], /"db9" is no server here; there are 127\.0\.0\.1:/],
        [['--client'], /--client needs a value: host:port/],
        [[], /say who: a client \(host:port\), --address, or --server/, 'kill'],
      ] as const
    ) {
      const { code, stderr } = await tell(command, ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
  });
});
