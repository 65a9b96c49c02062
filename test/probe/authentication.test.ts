/** How a real PostgreSQL asks the probe to log in, by the rules of its pg_hba.conf. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import type { Credentials } from '../../src/probe/credentials.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { waitFor } from '../bed/wait-for.ts';
import { check, type Closer, open } from './support.ts';

/** A role for each method of pg_hba.conf, with the same password. */
const methods = { trusted: 'trust', clear: 'password', hashed: 'md5', salted: 'scram-sha-256' } as const;

describe('a PostgreSQL with a rule for each way to log in', () => {
  const password = () => 'secret';
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({
      tls: true,
      hba: [
        ...Object.entries(methods).map(([role, method]) => `host all ${role} 127.0.0.0/8 ${method}`),
        'hostssl all localhost 127.0.0.0/8 cert',
      ],
    });
    const { first } = cluster;
    await first.query('create role localhost login');
    for (const role of Object.keys(methods)) {
      const encryption = role === 'hashed' ? 'md5' : 'scram-sha-256';
      await first.query(
        `set password_encryption = '${encryption}'; create role ${role} login password 'secret'`,
      );
    }
  });
  after(() => cluster.close());

  const ask = (t: Closer, user: string, change: Partial<Credentials> = {}) =>
    open(t, cluster.first.port, { user, password, sslMode: 'prefer', ...change }).probe.ask();

  check('tells whether it asked for a password', async (t) => {
    for (const role of Object.keys(methods)) {
      assert.equal((await ask(t, role)).letInUnasked, role === 'trusted', role);
    }
  });

  check('is not said to ask for nothing where it may have asked for the certificate', async (t) => {
    const { first, folder } = cluster;
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    await first.query(`alter system set ssl_ca_file = '${join(folder, 'server.crt')}'`);
    await first.query('select pg_reload_conf()');
    await waitFor('the authority of clients', async () => {
      const [row] = await first.query('show ssl_ca_file');
      return row?.['ssl_ca_file'] !== '';
    });
    const trust = { verify: false, verifyHost: false, cert: read('server.crt'), key: read('server.key') };
    assert.equal((await ask(t, 'localhost', { trust, sslMode: 'require' })).letInUnasked, false);
    assert.equal((await ask(t, 'trusted', { trust, sslMode: 'disable' })).letInUnasked, true);
  });

  const byRole = { trusted: 'none', clear: 'password', hashed: 'md5', salted: 'scram-sha-256' } as const;
  const all = Object.values(byRole);

  check('lets in a probe whose PGREQUIREAUTH allows the method that it asks for', async (t) => {
    for (const [role, method] of Object.entries(byRole)) {
      for (const requireAuth of [[method], all]) {
        assert.equal((await ask(t, role, { requireAuth })).timeline, 1, role);
      }
    }
  });

  check('is refused by a probe whose PGREQUIREAUTH allows all but the method that it asks for', async (t) => {
    for (const [role, method] of Object.entries(byRole)) {
      const requireAuth = all.filter((other) => other !== method);
      const what = method === 'none'
        ? 'lets user trusted in and asks for nothing'
        : `asks user ${role} to log in by ${method}`;
      await assert.rejects(ask(t, role, { requireAuth }), {
        kind: 'untrusted',
        message: new RegExp(
          `^${what} at 127.0.0.1:\\d+, and PGREQUIREAUTH allows ${requireAuth.join(', ')}: .*pg_hba.conf`,
        ),
      });
    }
  });

  check('gets no password where PGREQUIREAUTH allows no method that it can ask for', async (t) => {
    await assert.rejects(ask(t, 'clear', { requireAuth: [] }), { message: /PGREQUIREAUTH allows nothing/ });
  });
});
