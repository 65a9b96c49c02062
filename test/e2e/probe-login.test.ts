import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

describe(`how the probe logs in, on ${gatewayRuntime}`, () => {
  let folder: string;
  let cluster: Cluster;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pg_gateway-login-'));
    cluster = await startCluster({
      standbys: 1,
      tls: true,
      password: 'right',
      hba: ['host all trusted 127.0.0.0/8 trust'],
    });
    await cluster.first.query('create role trusted login');
    await cluster.server(1).catchUp();
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

  test('a server that asks for nothing is named once by the log and by check, if others reach the gateway', async () => {
    const trusting = { ...env(), PGUSER: 'trusted', PGPASSWORD: '' };
    const sentence = 'let the probe in and asked for nothing';
    const { code, stderr } = await runProgram(['check'], trusting);
    assert.equal(code, 0, stderr);
    assert.equal(count(stderr, sentence), 1);
    assert.ok(stderr.includes(`scram-sha-256: ${cluster.server(0).address}, ${cluster.server(1).address}\n`));
    for (const change of [{ PGUSER: 'postgres', PGPASSWORD: 'right' }, { LISTEN_HOST: '127.0.0.1' }]) {
      assert.equal(count((await runProgram(['check'], { ...trusting, ...change })).stderr, sentence), 0);
    }
    const gateway = await startGateway({ ...trusting, LISTEN_HOST: '0.0.0.0' });
    for (const { address } of cluster.servers) {
      const answers = `pg_gateway_probe_duration_seconds_count{candidate="${address}"}`;
      await waitFor(`answers of ${address}`, async () => (await gateway.metric(answers) ?? 0) > 3);
    }
    await gateway.stop();
    const named = gateway.log.filter(({ event }) => event === 'login_unasked').map(({ candidate }) =>
      candidate
    );
    assert.deepEqual(named.sort(), cluster.servers.map(({ address }) => address).sort());
  });

  test('PGCHANNELBINDING=require lets the probe in by SCRAM under TLS, and not where it asks for nothing', async () => {
    const bound = { ...env(), PGCHANNELBINDING: 'require' };
    assert.equal((await runProgram(['check'], bound)).code, 0);
    const { code, stdout } = await runProgram(['check'], { ...bound, PGUSER: 'trusted' });
    assert.equal(code, 1);
    assert.match(stdout, /does not ask for SCRAM.*PGCHANNELBINDING=require/);
  });

  test('PGREQUIREAUTH refuses a server that asks for another method, and a list that makes no sense', async () => {
    const strict = { ...env(), PGREQUIREAUTH: 'scram-sha-256' };
    assert.equal((await runProgram(['check'], strict)).code, 0);
    const { code, stdout } = await runProgram(['check'], { ...strict, PGUSER: 'trusted' });
    assert.equal(code, 1);
    assert.match(stdout, /asks for nothing.*PGREQUIREAUTH allows scram-sha-256:/);
    const misused = await runProgram(['check'], { ...strict, PGREQUIREAUTH: 'md5,!none' });
    assert.equal(misused.code, 2);
    assert.match(misused.stderr, /PGREQUIREAUTH=md5,!none mixes methods/);
  });
});
