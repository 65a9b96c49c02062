import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConfigError } from '../../src/errors.ts';
import { readCredentials } from '../../src/probe/credentials.ts';
import type { LoginSettings } from '../../src/probe/credentials.ts';
import type { Files } from '../../src/probe/files.ts';
import { check } from './support.ts';

/** Files in memory, as `path: [mode, text]`. */
function memory(files: Record<string, readonly [number, string]>): Files {
  const find = (path: string) => {
    const file = files[path];
    if (!file) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    return file;
  };
  return { read: (path) => find(path)[1], list: () => [], mode: (path) => find(path)[0] };
}

const account = { osUser: 'anna', home: '/home/anna' };
const read = (login: LoginSettings, files: Record<string, readonly [number, string]> = {}) =>
  readCredentials(login, account, memory(files));

function problemsOf(
  login: LoginSettings,
  files: Record<string, readonly [number, string]> = {},
): string {
  try {
    read(login, files);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.join('\n');
  }
  throw new assert.AssertionError({ message: 'there was no ConfigError' });
}

describe('the role and the database of the login', () => {
  test('without settings: the user of the system, the database postgres, TLS if there is any, no password', () => {
    const credentials = read({});
    assert.equal(credentials.user, 'anna');
    assert.equal(credentials.database, 'postgres');
    assert.equal(credentials.sslMode, 'prefer');
    assert.equal(credentials.password('db', 5432), undefined);
    assert.deepEqual(credentials.warnings, []);
  });

  test('PGUSER and PGDATABASE win over the defaults, and empty ones do not', () => {
    assert.equal(read({ user: 'probe', database: 'app' }).user, 'probe');
    assert.equal(read({ user: 'probe', database: 'app' }).database, 'app');
    assert.equal(read({ user: '', database: '' }).user, 'anna');
  });

  test('a system without a user name needs PGUSER', () => {
    assert.throws(() => readCredentials({}, {}, memory({})), { name: 'ConfigError', message: /set PGUSER/ });
  });

  test('everything that is wrong is said at once', () => {
    const problems = problemsOf({ passwordFile: '/nope', sslCert: '/cert' });
    assert.match(problems, /PGPASSWORD_FILE=\/nope cannot be read \(ENOENT\): create the file/);
    assert.match(problems, /PGSSLCERT and PGSSLKEY/);
  });
});

describe('the password', () => {
  test('PGPASSWORD wins over the password file', () => {
    const files = { '/home/anna/.pgpass': [0o600, '*:*:*:*:other'] as const };
    assert.equal(read({ password: 'secret' }, files).password('db', 5432), 'secret');
  });

  test('PGPASSWORD wins over PGPASSFILE too, with a warning, for both were named', () => {
    const { password, warnings } = read({ password: 'secret', passFile: '/passwords' });
    assert.equal(password('db', 5432), 'secret');
    assert.match(warnings.join(), /^PGPASSWORD is set, so PGPASSFILE is not read/);
  });

  test('PGPASSWORD_FILE is read without its last newline, and again at each use', () => {
    const files: Record<string, readonly [number, string]> = { '/run/secret': [0o444, 'one\n'] };
    const credentials = read({ passwordFile: '/run/secret' }, files);
    assert.equal(credentials.password('db', 5432), 'one');
    files['/run/secret'] = [0o444, 'two\r\n'];
    assert.equal(credentials.password('db', 5432), 'two');
    delete files['/run/secret'];
    assert.equal(credentials.password('db', 5432), 'two');
  });

  test('PGPASSWORD and PGPASSWORD_FILE together are a mistake, and the message has no secret', () => {
    const problems = problemsOf({ password: 'hunter2', passwordFile: '/f' }, {
      '/f': [0o600, 'hunter3'],
    });
    assert.match(problems, /both set/);
    assert.doesNotMatch(problems, /hunter/);
  });

  test('~/.pgpass is used where it is, for the server that is asked', () => {
    const files = { '/home/anna/.pgpass': [0o600, 'db1:5432:postgres:anna:one\ndb2:*:*:*:two\n'] as const };
    const { password } = read({}, files);
    assert.equal(password('db1', 5432), 'one');
    assert.equal(password('db2', 6000), 'two');
    assert.equal(password('db3', 5432), undefined);
  });

  test('a password file that others may read is left out with a warning', () => {
    for (const mode of [0o640, 0o604, 0o660]) {
      const credentials = read({ passFile: '/p' }, { '/p': [mode, '*:*:*:*:hunter2'] });
      assert.equal(credentials.password('db', 5432), undefined);
      assert.equal(credentials.warnings.length, 1);
      const way =
        /\/p is ignored, as by libpq, because others may read it \(mode 0(640|604|660)\): chmod 600 \/p, or.*PGPASSWORD_FILE/;
      assert.match(credentials.warnings.join(), way);
      assert.doesNotMatch(credentials.warnings.join(), /hunter2/);
    }
  });

  test('a password file that is closed to others after the start is used', () => {
    const files: Record<string, readonly [number, string]> = { '/p': [0o440, '*:*:*:*:one'] };
    const credentials = read({ passFile: '/p' }, files);
    assert.equal(credentials.password('db', 5432), undefined);
    files['/p'] = [0o400, '*:*:*:*:one'];
    assert.equal(credentials.password('db', 5432), 'one');
    files['/p'] = [0o440, '*:*:*:*:two'];
    assert.equal(credentials.password('db', 5432), 'one');
  });

  test('a password file that is named and missing is a mistake, and one that is only usual is not', () => {
    assert.match(problemsOf({ passFile: '/nope' }), /PGPASSFILE=\/nope cannot be read \(ENOENT\)/);
    assert.equal(read({}).password('db', 5432), undefined);
  });

  check('real files with real permissions are judged alike', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'pg_gateway-test-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'pass');
    writeFileSync(path, '*:*:*:*:one\n', { mode: 0o600 });
    const files: Files = {
      read: (path) => readFileSync(path, 'utf8'),
      list: () => [],
      mode: (path) => statSync(path).mode & 0o777,
    };
    assert.equal(readCredentials({ passFile: path }, account, files).password('db', 1), 'one');
    chmodSync(path, 0o644);
    assert.equal(readCredentials({ passFile: path }, account, files).password('db', 1), undefined);
  });
});

describe('TLS', () => {
  const pem = '-----BEGIN CERTIFICATE-----';
  const root = { '/root.crt': [0o644, pem] as const };

  test('prefer and require alone encrypt and verify nothing', () => {
    for (const sslMode of ['prefer', 'require'] as const) {
      assert.deepEqual(read({ sslMode }).trust, { verify: false, verifyHost: false });
    }
  });

  test('require with a root certificate verifies like verify-ca, as in libpq', () => {
    const { trust } = read({ sslMode: 'require', sslRootCert: '/root.crt' }, root);
    assert.deepEqual(trust, { verify: true, verifyHost: false, ca: pem });
  });

  test('a root certificate without a mode is for verifying, which libpq would not do', () => {
    const credentials = read({ sslRootCert: '/root.crt' }, root);
    assert.equal(credentials.sslMode, 'verify-ca');
    assert.deepEqual(credentials.trust, { verify: true, verifyHost: false, ca: pem });
  });

  test('a root certificate with a mode that verifies nothing is warned of, with what to do', () => {
    for (const sslMode of ['disable', 'allow', 'prefer'] as const) {
      const { warnings, trust } = read({ sslMode, sslRootCert: '/root.crt' }, root);
      assert.match(warnings.join(), new RegExp(`PGSSLMODE=${sslMode} checks no certificate.*verify-full`));
      assert.equal(trust.verify, false);
    }
    assert.deepEqual(read({ sslMode: 'require', sslRootCert: '/root.crt' }, root).warnings, []);
  });

  test('verify-full checks the name too', () => {
    const { trust } = read({ sslMode: 'verify-full', sslRootCert: '/root.crt' }, root);
    assert.deepEqual(trust, { verify: true, verifyHost: true, ca: pem });
  });

  test('verify-ca without a root certificate is a mistake, unless it is in its usual place', () => {
    assert.match(problemsOf({ sslMode: 'verify-ca' }), /PGSSLMODE=verify-ca needs.*PGSSLROOTCERT/);
    const files = { '/home/anna/.postgresql/root.crt': [0o644, pem] as const };
    assert.equal(read({ sslMode: 'verify-ca' }, files).trust.ca, pem);
  });

  test('the authorities of the system mean verify-full', () => {
    const credentials = read({ sslRootCert: 'system' });
    assert.equal(credentials.sslMode, 'verify-full');
    assert.deepEqual(credentials.trust, { verify: true, verifyHost: true, ca: undefined });
    assert.match(
      problemsOf({ sslRootCert: 'system', sslMode: 'require' }),
      /only safe with PGSSLMODE=verify-full/,
    );
  });

  test('a root certificate that cannot be read is a mistake', () => {
    const problems = problemsOf({ sslMode: 'verify-full', sslRootCert: '/nope' });
    assert.match(problems, /PGSSLROOTCERT=\/nope cannot be read \(ENOENT\)/);
  });

  test('a root certificate file without a certificate is a mistake, and not the list of the runtime', () => {
    const empty = { '/empty.crt': [0o644, '\n'] as const };
    assert.match(
      problemsOf({ sslMode: 'verify-full', sslRootCert: '/empty.crt' }, empty),
      /PGSSLROOTCERT=\/empty.crt has no certificate in it: name a file/,
    );
    const usual = { '/home/anna/.postgresql/root.crt': [0o644, ''] as const };
    assert.match(problemsOf({ sslMode: 'verify-ca' }, usual), /root.crt has no certificate in it/);
  });

  test('channel binding is preferred, and cannot be required without TLS', () => {
    assert.equal(read({}).channelBinding, 'prefer');
    assert.equal(read({ channelBinding: 'require' }).channelBinding, 'require');
    assert.match(
      problemsOf({ channelBinding: 'require', sslMode: 'disable' }),
      /PGCHANNELBINDING=require needs TLS, and PGSSLMODE=disable allows none/,
    );
  });

  test('a client certificate comes with its key', () => {
    const files = { '/c': [0o644, 'CERT'] as const, '/k': [0o600, 'KEY'] as const };
    const { trust } = read({ sslCert: '/c', sslKey: '/k' }, files);
    assert.equal(trust.cert, 'CERT');
    assert.equal(trust.key, 'KEY');
    assert.match(problemsOf({ sslKey: '/k' }, files), /needs both/);
  });
});
