import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { connect, createServer, type Server as Listener, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endPointHash } from '../../src/probe/channel-binding.ts';
import type { Credentials } from '../../src/probe/credentials.ts';
import { Login } from '../../src/probe/login.ts';
import { Saltings } from '../../src/probe/saltings.ts';
import { selfSigned } from '../bed/certificate.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { postgresBinaries } from '../bed/postgres-binaries.ts';
import { chownTo } from '../../src/demo/servers/server-files.ts';
import { waitFor } from '../bed/wait-for.ts';
import { check, type Closer, open } from './support.ts';

const listen = (server: Listener): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  );

/** One in the middle: it ends the TLS of clients with a certificate of its own and makes TLS to the server anew. */
async function between(t: Closer, server: number, change = (bytes: Buffer) => bytes): Promise<number> {
  const sockets = new Set<Socket>();
  const keep = <T extends Socket>(socket: T): T => {
    sockets.add(socket);
    socket.on('error', () => {});
    return socket;
  };
  const own = selfSigned();
  const inner = createTlsServer({ cert: own.certificate, key: own.key }, (client) => {
    keep(client);
    const tcp = keep(connect(server, '127.0.0.1'));
    tcp.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
    tcp.once('data', () => {
      const tls: Socket = keep(connectTls({ socket: tcp, rejectUnauthorized: false }));
      tls.once('secureConnect', () => {
        tls.on('data', (bytes: Buffer) => client.write(change(bytes)));
        client.on('data', (bytes) => tls.write(bytes));
      });
      tls.on('close', () => client.destroy());
    });
  });
  const innerPort = await listen(inner);
  const outer = createServer((client) => {
    keep(client).once('data', () => {
      client.write('S');
      const tcp = keep(connect(innerPort, '127.0.0.1'));
      client.on('data', (bytes) => tcp.write(bytes));
      tcp.on('data', (bytes) => client.write(bytes));
      tcp.on('close', () => client.destroy());
      client.on('close', () => tcp.destroy());
    });
  });
  const port = await listen(outer);
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    outer.close();
    inner.close();
  });
  return port;
}

/** Takes the mechanism with channel binding out of what the server offers. */
function withoutPlus(bytes: Buffer): Buffer {
  const offer = 'SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0';
  const at = bytes.indexOf(offer);
  if (at < 0) return bytes;
  const less = Buffer.from(bytes.toString('latin1').replace('SCRAM-SHA-256-PLUS\0', ''), 'latin1');
  less.writeInt32BE(less.length - 1, 1);
  return less;
}

describe('a PostgreSQL with TLS that asks for SCRAM', () => {
  let cluster: Cluster;
  before(async () => {
    const methods = { trusted: 'trust', clear: 'password', hashed: 'md5', salted: 'scram-sha-256' };
    cluster = await startCluster({
      tls: true,
      hba: Object.entries(methods).map(([role, method]) => `host all ${role} 127.0.0.0/8 ${method}`),
    });
    for (const role of Object.keys(methods)) {
      const encryption = role === 'hashed' ? 'md5' : 'scram-sha-256';
      await cluster.first.query(
        `set password_encryption = '${encryption}'; create role ${role} login password 'secret'`,
      );
    }
  });
  after(() => cluster.close());

  const ask = (t: Closer, change: Partial<Credentials>, port = cluster.first.port) =>
    open(t, port, { user: 'salted', password: () => 'secret', sslMode: 'require', ...change }).probe.ask();

  check('lets in a probe whatever its PGCHANNELBINDING', async (t) => {
    for (const channelBinding of ['disable', 'prefer', 'require'] as const) {
      assert.equal((await ask(t, { channelBinding })).timeline, 1, channelBinding);
    }
    assert.equal((await ask(t, { channelBinding: 'prefer', sslMode: 'disable' })).timeline, 1);
  });

  check(
    'lets in a probe that insists on channel binding, whatever the hash of its certificate',
    async (t) => {
      const { first, folder } = cluster;
      for (const hash of ['sha384', 'sha512'] as const) {
        const { certificate, key } = selfSigned(hash);
        for (const [name, text] of [['crt', certificate], ['key', key]] as const) {
          const path = join(folder, `${hash}.${name}`);
          writeFileSync(path, text);
          chmodSync(path, 0o600);
          chownTo(path, postgresBinaries().account);
          await first.query(`alter system set ssl_${name === 'crt' ? 'cert' : 'key'}_file = '${path}'`);
        }
        await first.query('select pg_reload_conf()');
        const trust = { verify: true, verifyHost: true, ca: certificate };
        const isIt = () =>
          ask(t, { channelBinding: 'require', trust, sslMode: 'verify-full' }).then(() => true, () => false);
        await waitFor(`the certificate with ${hash}`, isIt);
      }
    },
  );

  for (
    const [user, sslMode, why] of [
      ['salted', 'allow', 'is asked without TLS'],
      ['clear', 'require', 'does not ask for SCRAM'],
      ['hashed', 'require', 'does not ask for SCRAM'],
      ['trusted', 'require', 'does not ask for SCRAM'],
    ] as const
  ) {
    check(`is refused with PGCHANNELBINDING=require when it ${why}, as ${user}`, async (t) => {
      await assert.rejects(ask(t, { user, sslMode, channelBinding: 'require' }), {
        kind: 'untrusted',
        message: new RegExp(`^${why}.*PGCHANNELBINDING=require.*scram-sha-256 in pg_hba.conf`),
      });
    });
  }

  check('does not let in a probe whose TLS ends at somebody between the two', async (t) => {
    const port = await between(t, cluster.first.port);
    for (const channelBinding of ['prefer', 'require'] as const) {
      for (const sslMode of ['prefer', 'require'] as const) {
        await assert.rejects(ask(t, { channelBinding, sslMode }, port), {
          kind: 'untrusted',
          message: /SCRAM channel binding.*something between/,
        });
      }
    }
    assert.equal((await ask(t, { channelBinding: 'disable' }, port)).timeline, 1);
  });

  check('does not let in a probe from which somebody hid that it offers channel binding', async (t) => {
    const port = await between(t, cluster.first.port, withoutPlus);
    await assert.rejects(ask(t, { channelBinding: 'prefer' }, port), {
      kind: 'untrusted',
      message: /SCRAM channel binding.*something between/,
    });
    await assert.rejects(ask(t, { channelBinding: 'require' }, port), {
      kind: 'untrusted',
      message: /offers no SCRAM-SHA-256-PLUS/,
    });
    assert.equal((await ask(t, { channelBinding: 'disable' }, port)).timeline, 1);
  });
});

describe('the hash of a certificate for channel binding', () => {
  const certificates = {
    ecdsaSha384:
      'MIIBmTCCAT+gAwIBAgIUezxHb/qlO8OTi/6wSo79NOL4Xb0wCgYIKoZIzj0EAwMwFDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2' +
      'MTEyNzEyMDU1MVoXDTM2MTEyNDEyMDU1MVowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE' +
      'P+QzbolKiYfId3c/89DCIIuB3aYAHm0FCwh17pwzpv2eAuMgcg1eV++mh7k3JNl+iChi7ByZZCq8L7HMIuL4waNvMG0wHQYDVR0O' +
      'BBYEFOTqbL6QbHkx3jv0vws4UecOKo7sMB8GA1UdIwQYMBaAFOTqbL6QbHkx3jv0vws4UecOKo7sMA8GA1UdEwEB/wQFMAMBAf8w' +
      'GgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49BAMDA0gAMEUCIGBa+jXxYIn0knTmnTflPiPxKxICLXcWWMbaaUiN' +
      'sG3VAiEAiqk+gDi45pvfGsgsqK/fMrvbuNls7zQSV+YXh3tjBpU=',
    ed25519:
      'MIIBWTCCAQugAwIBAgIUWY+kZaQkMepUe38uY5rfic2X4ekwBQYDK2VwMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDAeFw0yNjExMjcx' +
      'MjA1NTFaFw0zNjExMjQxMjA1NTFaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDAqMAUGAytlcAMhAG+JlbcdX9J6KAgIRZcivnqyPW7q' +
      'erDiTP2bMAop3FL3o28wbTAdBgNVHQ4EFgQUlhFih0B5huN8EP7EpMrtxW4Ux2gwHwYDVR0jBBgwFoAUlhFih0B5huN8EP7EpMrt' +
      'xW4Ux2gwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwBQYDK2VwA0EAozmL+BSyuKPHGtd9AjQu' +
      'JuGz0iEDlsRJROoxdBTADTYC5dX/qzg9PFAN20kyaZRqfx1I15DpNX/R1PS0fCi3CQ==',
    rsaPss:
      'MIIDjTCCAkCgAwIBAgIUaPeCeLrfctWR064qPDlFTo+UHDMwQgYJKoZIhvcNAQEKMDWgDzANBglghkgBZQMEAgEFAKEcMBoGCSqG' +
      'SIb3DQEBCDANBglghkgBZQMEAgEFAKIEAgIA3jAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwHhcNMjYxMTI3MTIwNTUxWhcNMzYxMTI0' +
      'MTIwNTUxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwggEgMAsGCSqGSIb3DQEBCgOCAQ8AMIIBCgKCAQEA646+UgAW27dX+TVAYDbV' +
      'wjxTfPDr3+baUoEqdb3S2VM3cyRyV/9DHwjqJjubISsdqiS2ODqmG9PXa3ZN3EEL193INE199rb/dgbuwE1RYZ/Rs63MQyyxgmKU' +
      '4jbcb5eEcEMl4U6mE0d8s4YAFweCXzUT2PDOEtOESabHL24ZA/KTDpDV62Ti6dY0qqgabGnLlL2lDbZy4bXc+NzieYXZOw3B5mtX' +
      'i/BhrIXNKPJAmpoqt0laTgP0fhPbHeaAoxGLIA1CDHJnjGs96IBMDw9/oB4Y38JzC7Bqsav+UIIGXrgZxOsovz/T4NJmmSVbxPuy' +
      'GPdIbIb9zvI3D/Bt24i3vQIDAQABo28wbTAdBgNVHQ4EFgQU39bAAC109jbeB7GP/PJmyzvg0k8wHwYDVR0jBBgwFoAU39bAAC10' +
      '9jbeB7GP/PJmyzvg0k8wDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwQgYJKoZIhvcNAQEKMDWg' +
      'DzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIEAgIA3gOCAQEAxB1qkydyk085eRDVVgYK0oFL' +
      'ivkxuW73YTbsl/9N8aYCWVmTpPu6l8B4ddwds0cXHDZ5bg5zOLGkuXfyiOOsTkhF/Lp8qvr/8w6E4xS/pRnZtFjvoFDlIQBfQm+K' +
      'ydbZGB9g25UC4PJu/hDW0ZfL37jMQdvpobicABEYFmGwoUY4+16/yWr5OceJeEyZsxrxH+1zKGXPHUKi+bMcDZo3RYnl6ah7X/Qn' +
      'khVPcQLxuo5f1mImRfnYlJz+7x4+odi8jVVdjxcHCHROe1xYkanG/ld87CPahQA/ip3NW2elmO/4Gh+fF40EYi39E0jgsXfEnvxW' +
      'GGLP7KY6zV+LTVshUA==',
    rsaSha1:
      'MIIDJTCCAg2gAwIBAgIUTz66CVK3wbzI34nkO8TVIs+WViAwDQYJKoZIhvcNAQEFBQAwFDESMBAGA1UEAwwJbG9jYWxob3N0MB4X' +
      'DTI2MTEyNzEyMDU1MVoXDTM2MTEyNDEyMDU1MVowFDESMBAGA1UEAwwJbG9jYWxob3N0MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A' +
      'MIIBCgKCAQEAvKFm5Zuv8ljT+C9T/8BzACPKKGvezzac24/WcwpQyfptJFctFZVyeRfw+FqvscYJ5hqK9dkVJ7EC3ziLio6JI8Vb' +
      'xaUX06wPzPLBwbSXFy/zPsXykrrwXoZGeq2oEJwYM6WzQbcPDyZvVTaJl4ZbaNxI2tzbbAySXYJg9MBggpFD5W9+mhr9F6klhj5P' +
      'VFErqE9QMDKXX6V5jqo9PObTbHIl5mNAobE+aCBSPU7u82MDIBPyMOgG8EsAg0pAeAQXDgsE2t1aHFK8cbrioRpeXeTfEk1eYPOC' +
      '95l6KFGiW9uk+xSD84r8fWgFmDfoy0ahebT55g/QQb9yaVb579XFEQIDAQABo28wbTAdBgNVHQ4EFgQUBIssYb/TaedrM48BDAl7' +
      'eLy8y5UwHwYDVR0jBBgwFoAUBIssYb/TaedrM48BDAl7eLy8y5UwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhv' +
      'c3SHBH8AAAEwDQYJKoZIhvcNAQEFBQADggEBAKgNN/AFl/EKJAAPW3I6MVJ/ExFS/Oq0vsY00DOIUs/ugKkDRt7Z9xXdt8oxJXdd' +
      'BAKYiApix8WOaGA/3sCd30JqRaRDhePTHdClpkIuG97YuC3af0xgA7es7G1Qh0GgeVpsuUg9BRQvNxXTt9eg2z1x2J5LwVogV9Gm' +
      '3BLh2MNDhlZKPB2D30vZONCJbj1n8TUtz1aqkwMHtvPaNYe7bBNQ2hNvDIfGb3d7G0LFhql8xooZExn9gWLVAqt3dW68OWuGawmV' +
      '5ym6MZmbcgqycBkJfCVCiLdxfqyrojY+ffWMDaEWFId4OUmpQY48mesC2r4qH7rt1yHVBDKGF//832g=',
  };
  const der = (name: keyof typeof certificates) => Buffer.from(certificates[name], 'base64');

  test('is that of its signature', () => {
    const expected = createHash('sha384').update(der('ecdsaSha384')).digest();
    assert.deepEqual(endPointHash(der('ecdsaSha384')), expected);
    const rsa = new X509Certificate(selfSigned('sha512').certificate).raw;
    assert.deepEqual(endPointHash(rsa), createHash('sha512').update(rsa).digest());
  });

  test('is SHA-256 where that is weaker', () => {
    assert.deepEqual(endPointHash(der('rsaSha1')), createHash('sha256').update(der('rsaSha1')).digest());
  });

  test('is not known where the name of the signature does not tell it', () => {
    for (const name of ['ed25519', 'rsaPss'] as const) assert.equal(endPointHash(der(name)), undefined);
    const login = (channelBinding: Credentials['channelBinding']): string => {
      let sent = '';
      new Login({
        asked: { address: 'db:1', user: 'anna', database: 'postgres' },
        password: 'secret',
        channelBinding,
        isKnown: () => true,
        isEncrypted: () => true,
        certificate: () => der('ed25519'),
        saltings: new Saltings(),
        isWanted: () => true,
        send: (answer) => sent = answer.toString('latin1'),
      }).answer('sasl', Buffer.from('SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0'));
      return sent;
    };
    assert.match(login('prefer'), /SCRAM-SHA-256\0.*n,,n=,r=/s);
    assert.throws(() => login('require'), { kind: 'untrusted', message: /Ed25519/ });
  });
});
