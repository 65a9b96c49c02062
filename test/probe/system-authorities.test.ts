import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ConfigError } from '../../src/errors.ts';
import { type LoginSettings, readCredentials } from '../../src/probe/credentials.ts';
import type { Files } from '../../src/probe/files.ts';
import { selfSigned } from '../bed/certificate.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { check, open } from './support.ts';

const block = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----`;

/** Files in memory. */
function memory(texts: Record<string, string>): Files {
  return {
    read: (path) => {
      const text = texts[path];
      if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
      return text;
    },
    list: (path) => {
      const names = Object.keys(texts).filter((name) => name.startsWith(`${path}/`));
      if (names.length === 0) throw Object.assign(new Error(path), { code: 'ENOENT' });
      return names.map((name) => name.slice(path.length + 1));
    },
    mode: () => 0o600,
  };
}

const read = (texts: Record<string, string>, login: LoginSettings = {}) =>
  readCredentials({ user: 'anna', sslRootCert: 'system', ...login }, {}, memory(texts));

describe('the authorities of PGSSLROOTCERT=system', () => {
  test('are those of the file that the distribution keeps, the first of several', () => {
    const files = [
      '/etc/ssl/certs/ca-certificates.crt',
      '/etc/pki/tls/certs/ca-bundle.crt',
      '/etc/ssl/ca-bundle.pem',
      '/etc/ssl/cert.pem',
    ];
    for (const file of files) {
      const { trust, warnings } = read({
        '/etc/ssl/cert.pem': block('last'),
        [file]: `# A\n${block('first')}\n`,
      });
      assert.equal(trust.ca, `${block('first')}\n`, file);
      assert.deepEqual(warnings, []);
    }
  });

  test('are those of SSL_CERT_FILE where it is set, and of no other file', () => {
    const texts = { '/etc/ssl/certs/ca-certificates.crt': block('theirs'), '/ours.pem': block('ours') };
    assert.equal(read(texts, { sslCertFile: '/ours.pem' }).trust.ca, `${block('ours')}\n`);
  });

  test('are also those in the folders of SSL_CERT_DIR, each once', () => {
    const texts = {
      '/a/one.pem': block('one'),
      '/a/0a1b2c3d.0': block('one'),
      '/a/README': 'no certificate',
      '/b/two.crt': block('two'),
      '/etc/ssl/cert.pem': block('three'),
    };
    const { trust } = read(texts, { sslCertDir: '/a:/nowhere:/b' });
    assert.equal(trust.ca, [block('three'), block('one'), block('two'), ''].join('\n'));
  });

  test('are those of the runtime where this machine has none, and that is said once', () => {
    const { trust, warnings } = read({ '/etc/ssl/cert.pem': 'empty' });
    assert.equal(trust.ca, undefined);
    assert.deepEqual([trust.verify, trust.verifyHost], [true, true]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /no list of authorities.*the list of the runtime is used.*SSL_CERT_FILE/);
  });

  test('cannot come from a file of SSL_CERT_FILE that is missing, or that has no certificate', () => {
    for (const [sslCertFile, why] of [['/nope', /ENOENT/], ['/empty', /no certificate/]] as const) {
      assert.throws(() => read({ '/empty': '' }, { sslCertFile }), (error: ConfigError) => {
        assert.match(error.message, new RegExp(`SSL_CERT_FILE=${sslCertFile}`));
        assert.match(error.message, why);
        return true;
      });
    }
  });
});

describe('a PostgreSQL with a certificate of a private authority', () => {
  let cluster: Cluster;
  const folder = mkdtempSync(join(tmpdir(), 'pg_gateway-test-'));
  before(async () => {
    cluster = await startCluster({ tls: true });
    writeFileSync(join(folder, 'ours.pem'), cluster.certificate!);
    writeFileSync(join(folder, 'other.pem'), selfSigned().certificate);
  });
  after(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true });
  });

  const files: Files = {
    read: (path) => readFileSync(path, 'utf8'),
    list: (path) => readdirSync(path),
    mode: (path) => statSync(path).mode,
  };
  const asking = (name: string) => {
    const login = { user: 'postgres', sslRootCert: 'system', sslCertFile: join(folder, name) };
    return readCredentials(login, {}, files);
  };

  check('is trusted with PGSSLROOTCERT=system when that authority is in SSL_CERT_FILE', async (t) => {
    assert.equal((await open(t, cluster.first.port, asking('ours.pem')).probe.ask()).timeline, 1);
  });

  check('is not trusted when another one is in it', async (t) => {
    const { probe } = open(t, cluster.first.port, asking('other.pem'));
    await assert.rejects(probe.ask(), { kind: 'untrusted', message: /was not trusted/ });
  });
});
