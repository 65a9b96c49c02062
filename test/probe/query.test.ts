import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { sslModes } from '../../src/probe/credentials.ts';
import { ProbeError } from '../../src/probe/failure.ts';
import { openProbe } from '../../src/probe/query.ts';
import type { TlsTrust } from '../../src/runtime/tcp.ts';
import { selfSigned } from '../bed/certificate.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { freePort } from '../bed/ports.ts';
import { waitFor } from '../bed/wait-for.ts';
import { check, login, open } from './support.ts';

describe('asking a real PostgreSQL', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    await cluster.first.query('create role plain login');
    const role = `select 1 from pg_roles where rolname = 'plain'`;
    await waitFor('the role on the standby', async () => (await cluster.server(1).query(role)).length === 1);
  });
  after(() => cluster.close());

  check('a primary says that it is one', async (t) => {
    const facts = await open(t, cluster.first.port).probe.ask();
    assert.equal(facts.inRecovery, false);
    assert.equal(facts.readOnly, false);
    assert.equal(facts.timeline, 1);
    assert.match(facts.system ?? '', /^\d{19}$/);
    assert.match(facts.startedAt, /^\d{16} \d+ 127\.0\.0\.1$/);
    assert.ok(facts.lsn! > 0n);
    assert.equal(facts.replayedLsn, facts.lsn);
  });

  check('a standby says that it is one, and of the same system', async (t) => {
    const primary = await open(t, cluster.first.port).probe.ask();
    const standby = await open(t, cluster.server(1).port).probe.ask();
    assert.equal(standby.inRecovery, true);
    assert.equal(standby.readOnly, true);
    assert.equal(standby.system, primary.system);
    assert.equal(standby.timeline, 1);
    assert.notEqual(standby.startedAt, primary.startedAt);
    assert.ok(standby.lsn! > 0n && standby.replayedLsn! > 0n && standby.replayedLsn! <= standby.lsn!);
  });

  check('an ordinary login role without grants may ask', async (t) => {
    for (const { port } of cluster.servers) {
      assert.equal((await open(t, port, { user: 'plain' }).probe.ask()).timeline, 1);
    }
  });

  check('a question with a mark shows those of our role at that server, and of no other', async (t) => {
    for (const user of ['postgres', 'plain']) {
      const [one, other] = [open(t, cluster.first.port, { user }), open(t, cluster.first.port, { user })];
      const elsewhere = open(t, cluster.server(1).port, { user });
      const ask = async ({ probe }: typeof one) => (await probe.ask(true)).marks;
      assert.deepEqual([await ask(one), await ask(other), await ask(elsewhere)], [
        undefined,
        undefined,
        undefined,
      ]);
      const [first, second, third] = [await ask(one), await ask(other), await ask(elsewhere)];
      assert.deepEqual(new Set(second?.seen), new Set([first?.own, second?.own]));
      assert.deepEqual(third?.seen, [third?.own]);
      assert.deepEqual(new Set((await ask(one))?.seen), new Set([first?.own, second?.own]));
      assert.equal((await one.probe.ask()).marks, undefined);
      assert.deepEqual((await ask(other))?.seen, [second?.own]);
      for (const { probe } of [one, other, elsewhere]) probe.close();
    }
    const [mine, theirs] = [open(t, cluster.first.port), open(t, cluster.first.port, { user: 'plain' })];
    for (const { probe } of [mine, theirs]) await probe.ask();
    const { marks } = await mine.probe.ask(true);
    assert.deepEqual((await theirs.probe.ask(true)).marks?.seen.includes(marks!.own), false);
  });

  check('a standby says which server it streams from, to a role that may see it', async (t) => {
    const asked = async () => (await open(t, cluster.server(1).port).probe.ask()).upstream;
    const { host, port } = cluster.first;
    assert.deepEqual(await asked(), { host, port });
    const { probe } = open(t, cluster.server(1).port, { user: 'plain' });
    assert.equal((await probe.ask()).upstream, undefined);
    assert.equal((await open(t, cluster.first.port).probe.ask()).upstream, undefined);
  });

  check('asking again uses the same session and the same prepared statement', async (t) => {
    const { probe, calls } = open(t, cluster.first.port);
    for (let count = 0; count < 3; count += 1) await probe.ask();
    const sessions = await cluster.first.query(
      `select query from pg_stat_activity where application_name = 'pg_gateway' and state = 'idle'`,
    );
    assert.deepEqual(calls, ['ready']);
    assert.ok(sessions.length >= 1);
  });

  check('PGTARGETSESSIONATTRS of the environment does not turn the probe away from a standby', async (t) => {
    const before = process.env['PGTARGETSESSIONATTRS'];
    t.after(() => {
      if (before === undefined) delete process.env['PGTARGETSESSIONATTRS'];
      else process.env['PGTARGETSESSIONATTRS'] = before;
    });
    process.env['PGTARGETSESSIONATTRS'] = 'any';
    assert.equal((await open(t, cluster.server(1).port).probe.ask()).inRecovery, true);
    assert.equal(process.env['PGTARGETSESSIONATTRS'], 'any');
  });

  check('closing frees the session at once', async (t) => {
    const { probe } = open(t, cluster.first.port, { user: 'plain' });
    await probe.ask();
    const mine = () => cluster.first.query(`select 1 from pg_stat_activity where usename = 'plain'`);
    await waitFor('exactly one session', async () => (await mine()).length === 1);
    probe.close();
    await waitFor('no session', async () => (await mine()).length === 0);
  });

  check('an ended session is reported with the message of PostgreSQL', async (t) => {
    const { probe, ended, calls } = open(t, cluster.first.port, { user: 'plain' });
    await probe.ask();
    await cluster.first.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'plain'`,
    );
    const error = await ended;
    assert.ok(error instanceof ProbeError);
    assert.equal(error.kind, 'disconnected');
    assert.equal(error.sign.sqlstate, '57P01');
    assert.deepEqual(calls, ['ready', 'ended']);
    await assert.rejects(probe.ask(), { sign: { sqlstate: '57P01' } });
  });

  check('a database that does not exist is a matter of PGDATABASE', async (t) => {
    const { probe } = open(t, cluster.first.port, { database: 'nowhere' });
    await assert.rejects(probe.ask(), {
      kind: 'credentials',
      sign: { sqlstate: '3D000' },
      message: /PGDATABASE.*nowhere/,
    });
  });

  check('a role that does not exist is a matter of PGUSER', async (t) => {
    const { probe } = open(t, cluster.first.port, { user: 'nobody_we_know', sslMode: 'prefer' });
    await assert.rejects(probe.ask(), {
      kind: 'credentials',
      sign: { sqlstate: '28000' },
      message: /nobody_we_know.*PGUSER/,
    });
  });

  check('a port without a listener refuses', async (t) => {
    const { probe } = open(t, await freePort());
    await assert.rejects(probe.ask(), {
      kind: 'refused',
      sign: { errno: 'ECONNREFUSED' },
      message: /start PostgreSQL there/,
    });
  });

  check('a server without TLS is asked in clear text with prefer, and not with require', async (t) => {
    const { port } = cluster.first;
    assert.equal((await open(t, port, { sslMode: 'prefer' }).probe.ask()).timeline, 1);
    assert.equal((await open(t, port, { sslMode: 'allow' }).probe.ask()).timeline, 1);
    const { probe } = open(t, port, { sslMode: 'require' });
    await assert.rejects(probe.ask(), { kind: 'untrusted', message: /has no TLS.*PGSSLMODE/ });
  });
});

describe('asking after a promotion', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({ standbys: 2 });
    await cluster.first.query('create role plain login');
    const role = `select 1 from pg_roles where rolname = 'plain'`;
    for (const standby of cluster.servers.slice(1)) {
      await waitFor('the role on the standbys', async () => (await standby.query(role)).length === 1);
    }
  });
  after(() => cluster.close());

  check('a standby that follows knows the new timeline before any restart point', async (t) => {
    const [old, young, other] = cluster.servers;
    await young!.promote();
    await other!.follow(young!);
    const { probe } = open(t, other!.port);
    await waitFor('it, to a role that sees the receiver', async () => (await probe.ask()).timeline === 2);
    // The end of recovery, which every role sees, moves on when PostgreSQL must write to disk: at this, for one.
    await young!.query('create table written as select 1');
    await young!.query('drop table written');
    const { probe: plain } = open(t, other!.port, { user: 'plain' });
    await waitFor('it, to any role', async () => (await plain.ask()).timeline === 2);
    const [restartPoint] = await other!.query('select timeline_id from pg_control_checkpoint()');
    assert.equal(Number(restartPoint?.['timeline_id']), 1);
    assert.equal((await open(t, old!.port, { user: 'plain' }).probe.ask()).timeline, 1);
  });
});

describe('asking a PostgreSQL with TLS and passwords', () => {
  const password = 'a\'s "secret": \u00fc';
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({ tls: true, password, settings: { log_connections: 'on' } });
  });
  after(() => cluster.close());

  const right = { password: () => password };
  const trusted = () => ({ verify: true, verifyHost: true, ca: cluster.certificate });

  check('every mode of libpq gets in', async (t) => {
    for (const sslMode of sslModes) {
      const trust = sslMode.startsWith('verify') ? trusted() : { verify: false, verifyHost: false };
      const { probe } = open(t, cluster.first.port, { ...right, sslMode, trust });
      assert.equal((await probe.ask()).timeline, 1, sslMode);
      assert.equal((await probe.ask()).timeline, 1, sslMode);
    }
  });

  check('TLS is really used', async (t) => {
    const { probe } = open(t, cluster.first.port, { ...right, sslMode: 'verify-full', trust: trusted() });
    await probe.ask();
    assert.match(cluster.first.log(), /application_name=pg_gateway SSL enabled/);
  });

  check('a certificate of another authority is not trusted', async (t) => {
    const trust = { ...trusted(), ca: selfSigned().certificate };
    const { probe } = open(t, cluster.first.port, { ...right, sslMode: 'verify-ca', trust });
    await assert.rejects(probe.ask(), { kind: 'untrusted', message: /was not trusted.*PGSSLROOTCERT/ });
  });

  check('verify-full insists on the name and verify-ca does not', async (t) => {
    const ask = (trust: TlsTrust) => {
      const events = { ready() {}, ended() {} };
      const target = { host: '127.0.0.1', port: cluster.first.port, serverName: 'db.example' };
      const probe = openProbe(target, login({ ...right, sslMode: 'verify-full', trust }), events);
      t.after(() => probe.close());
      return probe.ask();
    };
    assert.equal((await ask({ ...trusted(), verifyHost: false })).timeline, 1);
    await assert.rejects(ask(trusted()), { kind: 'untrusted', message: /was not trusted/ });
  });

  check('a wrong password is said to be one, and is not in the message', async (t) => {
    const { probe } = open(t, cluster.first.port, { password: () => 'hunter2', sslMode: 'prefer' });
    await assert.rejects(probe.ask(), (error: ProbeError) => {
      assert.equal(error.kind, 'credentials');
      assert.equal(error.sign.sqlstate, '28P01');
      assert.match(error.message, /PGPASSWORD/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });

  check(
    'a password that is prepared for SCRAM gets in as with psql, and so does one that is not',
    async (t) => {
      const passwords = [
        'pass\u00a0word',
        'I\u00adX',
        'u\u0308\ufb01\u2168',
        'a\u200bb',
        '\u2168😀',
        '\u2168\u0340',
        '\u2168\u0627',
        '\u0627\u00a0\u0627',
        '\u00ad',
        'tab\tand bell\x07',
      ];
      await cluster.first.query('create role prepared login');
      for (const secret of passwords) {
        await cluster.first.query(`alter role prepared password '${secret}'`);
        const { probe } = open(t, cluster.first.port, {
          user: 'prepared',
          password: () => secret,
          sslMode: 'prefer',
        });
        assert.equal((await probe.ask()).timeline, 1, JSON.stringify(secret));
      }
    },
  );

  check('a missing password is said to be missing', async (t) => {
    const { probe } = open(t, cluster.first.port);
    await assert.rejects(probe.ask(), {
      kind: 'credentials',
      message: /asks for a password of user postgres/,
    });
  });
});
