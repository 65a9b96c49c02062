/** Certificates that are replaced under their paths while the gateway runs: a reload takes them, and only whole ones. */
import { equal, match, notEqual } from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { selfSigned } from '../bed/certificate.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { openTls } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
const path = (name: string): string => join(folder, name);
after(() => rmSync(folder, { recursive: true }));

describe(`certificates that are replaced, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  const stranger = selfSigned();

  const reload = () => runProgram(['reload', '--control-socket', path('control.sock')]);
  const failure = async (): Promise<string | undefined> => {
    const { candidates: [candidate] } = JSON.parse((await gateway.get('/status')).body);
    return candidate.failure?.kind;
  };
  const putClient = ({ certificate, key }: { readonly certificate: string; readonly key: string }): void => {
    writeFileSync(path('client.crt'), certificate);
    writeFileSync(path('client.key'), key);
  };
  const putRefusal = (pair: { readonly certificate: string; readonly key: string }): void => {
    writeFileSync(path('refusal.crt'), pair.certificate);
    writeFileSync(path('refusal.key'), pair.key);
  };

  before(async () => {
    cluster = await startCluster({ tls: true, hba: ['hostssl all localhost 127.0.0.0/8 cert'] });
    const { first } = cluster;
    await first.query('create role localhost login');
    // Its own certificate is the one authority for clients, too.
    await first.query(`alter system set ssl_ca_file = '${join(cluster.folder, 'server.crt')}'`);
    await first.query('select pg_reload_conf()');
    writeFileSync(path('root.crt'), cluster.certificate!);
    putClient(ours());
    putRefusal(stranger);
    gateway = await startGateway({
      ...patient,
      CANDIDATES: cluster.candidates,
      CONTROL_SOCKET: path('control.sock'),
      PGUSER: 'localhost',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: path('root.crt'),
      PGSSLCERT: path('client.crt'),
      PGSSLKEY: path('client.key'),
      REFUSAL_CERT_FILE: path('refusal.crt'),
      REFUSAL_KEY_FILE: path('refusal.key'),
      // Nobody may come, so all are refused.
      ALLOW: '192.0.2.1',
    });
    await gateway.routesTo(first.port);
  });
  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  const ours = () => ({
    certificate: cluster.certificate!,
    key: readFileSync(join(cluster.folder, 'server.key'), 'utf8'),
  });
  /** Each with the other certificate, a reload that tells of it, and back again. */
  async function swap(put: (isOurs: boolean) => void, names: readonly string[], kind: string): Promise<void> {
    for (const isOurs of [false, true]) {
      put(isOurs);
      const { stdout, code } = await reload();
      equal(code, 0);
      for (const name of names) match(stdout, new RegExp(`^${name} .* now: it holds something else$`, 'm'));
      await waitFor(`the probe to ${isOurs ? 'get through' : 'fail'}`, async () => {
        return await failure() === (isOurs ? undefined : kind);
      });
    }
  }

  test('PGSSLROOTCERT: a server that it does not know any more is not trusted', async () => {
    await swap((isOurs) => writeFileSync(path('root.crt'), (isOurs ? ours() : stranger).certificate), [
      'PGSSLROOTCERT',
    ], 'untrusted');
  });

  test('PGSSLCERT and PGSSLKEY: the server is shown the new one', async () => {
    await swap((isOurs) => putClient(isOurs ? ours() : stranger), ['PGSSLCERT', 'PGSSLKEY'], 'untrusted');
  });

  test('a file without a certificate changes nothing, and is told', async () => {
    writeFileSync(path('root.crt'), '');
    const { code, stderr } = await reload();
    equal(code, 1);
    match(stderr, /root\.crt has no certificate in it/);
    equal(await failure(), undefined);
    writeFileSync(path('root.crt'), cluster.certificate!);
  });

  test('REFUSAL_CERT_FILE: who is refused sees the new one, or the old one where the new one is broken', async () => {
    const shown = async (): Promise<string> => {
      const socket = await openTls(gateway.port);
      try {
        return socket.getPeerX509Certificate()!.fingerprint256;
      } finally {
        socket.destroy();
      }
    };
    const printOf = (certificate: string): string => new X509Certificate(certificate).fingerprint256;
    equal(await shown(), printOf(stranger.certificate));
    const next = selfSigned();
    putRefusal(next);
    const { stdout } = await reload();
    match(stdout, /^REFUSAL_CERT_FILE .* now: it holds something else$/m);
    equal(await shown(), printOf(next.certificate));
    putRefusal({ ...selfSigned(), key: next.key });
    notEqual((await reload()).code, 0);
    equal(await shown(), printOf(next.certificate));
  });
});
