import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';

describe(`how the probe logs in, on ${gatewayRuntime}`, () => {
  let folder: string;
  let cluster: Cluster;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pg_gateway-login-'));
    cluster = await startCluster({ tls: true, password: 'right' });
  });
  after(async () => {
    await cluster?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const env = () => ({
    CANDIDATES: cluster.candidates,
    PGUSER: 'postgres',
    PGPASSWORD: 'right',
    ...patient,
  });
  const count = (text: string, part: string) => text.split(part).length - 1;

  test('PGSSLROOTCERT=system trusts the authority in SSL_CERT_FILE', async () => {
    const ours = join(folder, 'ours.pem');
    await writeFile(ours, cluster.certificate!);
    const system = { ...env(), PGSSLROOTCERT: 'system', SSL_CERT_DIR: '' };
    const { code, stdout, stderr } = await runProgram(['check'], { ...system, SSL_CERT_FILE: ours });
    assert.equal(code, 0, stdout + stderr);
    const without = await runProgram(['check'], { ...system, SSL_CERT_FILE: '' });
    assert.equal(without.code, 1);
    assert.match(without.stdout, /was not trusted/);
  });

  test('a password file that the group may read is named once, with the way out', async () => {
    const PGPASSFILE = join(folder, 'pgpass');
    await writeFile(PGPASSFILE, '*:*:*:postgres:right\n');
    await chmod(PGPASSFILE, 0o440);
    const open = { ...env(), PGPASSWORD: '', PGPASSFILE };
    const { code, stderr } = await runProgram(['check'], open);
    assert.equal(code, 1);
    assert.equal(count(stderr, 'is ignored'), 1);
    assert.match(stderr, /\(mode 0440\).*PGPASSWORD_FILE/);
    const gateway = await startGateway(open);
    assert.equal(gateway.log.filter(({ event }) => event === 'login_warning').length, 1);
    await gateway.stop();
  });
});
