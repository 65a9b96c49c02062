import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConfigError } from '../../src/errors.ts';
import { parseNetwork } from '../../src/runtime/networks.ts';
import { configured, problems } from './sources.ts';

describe('where a value comes from', () => {
  const file = { '/f': 'HOLD_MS=1\n' };

  test('the default, where nothing is set', () => {
    assert.equal(configured({}).data.holdMs, 10_000);
  });

  test('the file over the default', () => {
    assert.equal(configured({ env: { CONFIG_FILE: '/f' }, files: file }).data.holdMs, 1);
  });

  test('the environment over the file', () => {
    assert.equal(configured({ env: { CONFIG_FILE: '/f', HOLD_MS: '2' }, files: file }).data.holdMs, 2);
  });

  test('a flag over the environment', () => {
    const given = { flags: { HOLD_MS: '3' }, env: { CONFIG_FILE: '/f', HOLD_MS: '2' }, files: file };
    assert.equal(configured(given).data.holdMs, 3);
  });

  test("the flag for the file over the environment's", () => {
    const files = { ...file, '/g': 'HOLD_MS=4' };
    const given = { flags: { CONFIG_FILE: '/g' }, env: { CONFIG_FILE: '/f' }, files };
    assert.equal(configured(given).data.holdMs, 4);
  });

  test('an empty value is none, in the environment and in the file', () => {
    const files = { '/f': 'HOLD_MS=1\nMAX_HELD=\nPGUSER=""' };
    const { data, credentials } = configured({ env: { CONFIG_FILE: '/f', HOLD_MS: '' }, files });
    assert.equal(data.holdMs, 1);
    assert.equal(data.maxHeld, 10_000);
    assert.equal(credentials.user, 'anna');
  });

  test('the login of the probe comes from all of them too', () => {
    const { credentials } = configured({
      flags: { PGUSER: 'flag' },
      env: { PGUSER: 'env', PGDATABASE: 'env', CONFIG_FILE: '/f' },
      files: { '/f': 'PGDATABASE=file\nPGPASSWORD=secret\nPGSSLMODE=require' },
    });
    assert.equal(credentials.user, 'flag');
    assert.equal(credentials.database, 'env');
    assert.equal(credentials.sslMode, 'require');
    assert.equal(credentials.password('db1', 5432), 'secret');
  });

  test('what the environment holds for other programs does not matter', () => {
    configured({ env: { PATH: '/bin', HOLD_MSX: '1', constructor: 'x', __proto__: 'x' } });
  });
});

describe('what is made of the values', () => {
  test('the candidates', () => {
    const { candidates } = configured({ env: { CANDIDATES: 'db1, db2:6000, srv+db3' } });
    assert.deepEqual(candidates.map(({ name, kind }) => `${kind} ${name}`), [
      'server db1:5432',
      'server db2:6000',
      'service srv+db3',
    ]);
  });

  test('the addresses', () => {
    const { listen, metrics } = configured({
      env: { LISTEN_HOST: '::', LISTEN_PORT: '0', METRICS_PORT: '9' },
    });
    assert.deepEqual(listen, { host: '::', port: 0, alsoOn: [] });
    assert.deepEqual(metrics, { host: '127.0.0.1', port: 9 });
    assert.deepEqual(configured({}).listen, { host: '0.0.0.0', port: 6432, alsoOn: [] });
    assert.deepEqual(configured({}).metrics, { host: '127.0.0.1', port: 6433 });
  });

  test('no metrics where their port is off', () => {
    for (const METRICS_PORT of ['off', 'OFF']) {
      assert.equal(configured({ env: { METRICS_PORT } }).metrics, undefined);
    }
  });

  test('the pace of the probes: CHECK_EVERY in seconds over PROBE_INTERVAL_MS', () => {
    const pace = (env: Record<string, string>) => configured({ env }).probe.probeIntervalMs;
    assert.equal(pace({}), 250);
    assert.equal(pace({ PROBE_INTERVAL_MS: '100' }), 100);
    assert.equal(pace({ PROBE_INTERVAL_MS: '100', CHECK_EVERY: '2' }), 2000);
    assert.equal(pace({ CHECK_EVERY: '0.5' }), 500);
    assert.equal(pace({ CHECK_EVERY: '0.001' }), 10);
  });

  test('PROXY_PROTOCOL, which needs to know whom to trust', () => {
    const env = { PROXY_PROTOCOL: 'require', PROXY_TRUSTED: '10.0.0.0/24,unix' };
    const { proxyProtocol, proxyTrusted } = configured({ env }).data;
    assert.deepEqual([proxyProtocol, proxyTrusted], ['require', {
      networks: [parseNetwork('10.0.0.0/24')],
      unix: true,
    }]);
    assert.deepEqual(configured({}).data.proxyTrusted, { networks: [], unix: false });
    assert.throws(
      () => configured({ env: { PROXY_PROTOCOL: 'accept' } }),
      /PROXY_PROTOCOL=accept needs PROXY_TRUSTED: name the networks of the load balancers, 10\.0\.0\.0\/24/,
    );
  });

  test('the deadlines of the probes', () => {
    const times = {
      CONNECT_TIMEOUT_MS: '11',
      QUERY_TIMEOUT_MS: '12',
      PROBE_FAST_MS: '13',
      DNS_TTL_MS: '140',
    };
    const env = { ...times, DNS_SERVERS: '10.0.0.10' };
    assert.deepEqual(configured({ env }).probe, {
      probeIntervalMs: 250,
      probeFastMs: 13,
      connectTimeoutMs: 11,
      queryTimeoutMs: 12,
      dnsTtlMs: 140,
      nameServers: ['10.0.0.10'],
    });
  });

  test('the rules of the election; evidence lives as long as FAIL_AFTER probes may take, and one more', () => {
    const env = { FAIL_AFTER: '3', SPLIT_BRAIN: 'refuse', SYSTEM_IDENTIFIER: '7000000000000000001' };
    assert.deepEqual(configured({ env }).rules, {
      failAfter: 3,
      maxAgeMs: 4 * (250 + 800 + 1000),
      splitBrain: 'refuse',
      system: '7000000000000000001',
    });
    assert.equal(configured({}).rules.system, undefined);
    assert.equal(configured({ env: { CHECK_EVERY: '5' } }).rules.maxAgeMs, 3 * (5000 + 800 + 1000));
  });

  test('keep-alive', () => {
    assert.deepEqual(configured({}).data.keepAlive, { idleMs: 30_000, intervalMs: 10_000, count: 3 });
    assert.equal(configured({ env: { TCP_KEEPALIVE: '45' } }).data.keepAlive?.idleMs, 45_000);
    assert.equal(configured({ env: { TCP_KEEPALIVE: 'off' } }).data.keepAlive, undefined);
  });

  test('the texts of the certificate', () => {
    const env = { REFUSAL_CERT_FILE: '/c', REFUSAL_KEY_FILE: '/k' };
    const { refusalCertificate } = configured({ env, files: { '/c': 'CERT', '/k': 'KEY' } });
    assert.deepEqual(refusalCertificate, { cert: 'CERT', key: 'KEY' });
    assert.equal(configured({}).refusalCertificate, undefined);
  });

  test('it cannot be changed, at any depth', () => {
    const config = configured({});
    const frozen = (value: object): boolean =>
      Object.isFrozen(value) &&
      Object.values(value).every((part) => typeof part !== 'object' || part === null || frozen(part));
    assert.ok(frozen(config));
    assert.throws(() => Object.assign(config.data, { holdMs: 1 }), TypeError);
  });
});

describe('what is wrong', () => {
  test('is said all at once, each with its name, its value and what to do', () => {
    const lines = problems({
      flags: { FAIL_AFTER: 'often' },
      env: {
        CANDIDATES: 'db1:x',
        HOLD_MS: '-1',
        PGPASSWORD_FILE: '/nope',
        REFUSAL_CERT_FILE: '/c',
        CONFIG_FILE: '/f',
      },
      files: { '/f': 'HOLDMS=1' },
    });
    assert.deepEqual(
      lines,
      [
        '/f:1: HOLDMS is no setting of pg_gateway; did you mean HOLD_MS?',
        '--fail-after often is not a whole number from 1 to 100',
        'HOLD_MS=-1 is not a whole number of ms from 0 to 3600000, nor one with a unit (ms, s, min, h, d)',
        'CANDIDATES: "db1:x" is not host:port; it looks like CANDIDATES=db1:5432,db2:5432,db3:5432',
        'REFUSAL_CERT_FILE and REFUSAL_KEY_FILE belong together: set both or none',
        'PGPASSWORD_FILE=/nope cannot be read (ENOENT): create the file with the password in it, readable for the gateway',
      ],
    );
  });

  test('is the text of the error too', () => {
    assert.throws(() => configured({ env: { HOLD_MS: 'x', MAX_HELD: 'y' } }), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /HOLD_MS=x.*\nMAX_HELD=y/);
      return true;
    });
  });

  test('no candidates', () => {
    assert.deepEqual(problems({ env: { CANDIDATES: '' } }), [
      'CANDIDATES is not set: name the servers that may be the primary, CANDIDATES=db1:5432,db2:5432,db3:5432',
    ]);
    assert.match(problems({ env: { CANDIDATES: ',' } })[0]!, /^CANDIDATES: it names no server/);
  });

  test('an unknown TLS mode is one mistake and one message', () => {
    const lines = problems({ env: { PGSSLMODE: 'maybe' } });
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0]!, /^PGSSLMODE=maybe is none of disable, allow, prefer/);
  });

  test('a TLS mode in capitals is none', () => {
    assert.equal(configured({ env: { PGSSLMODE: 'REQUIRE' } }).credentials.sslMode, 'require');
  });

  test('a certificate without its key, and files that cannot be read', () => {
    assert.match(problems({ env: { REFUSAL_KEY_FILE: '/k' } })[0]!, /belong together/);
    assert.deepEqual(problems({ env: { REFUSAL_CERT_FILE: '/c', REFUSAL_KEY_FILE: '/k' } }), [
      'REFUSAL_CERT_FILE=/c cannot be read (ENOENT): check the path and its permissions',
      'REFUSAL_KEY_FILE=/k cannot be read (ENOENT): check the path and its permissions',
    ]);
  });

  test('never shows a secret', () => {
    const secret = 'hunter2';
    const given = [
      { env: { PGPASSWORD: secret, PGPASSWORD_FILE: '/nope', HOLD_MS: 'x' } },
      {
        env: { CONFIG_FILE: '/f' },
        files: { '/f': `PGPASSWORD ${secret}\nPGPASSWROD=${secret}\n${secret}` },
      },
      { env: { CONFIG_FILE: '/f', MAX_HELD: 'x' }, files: { '/f': `PGPASSWORD=${secret}` } },
      { env: { METRICS_TOKEN: secret, METRICS_TOKEN_FILE: '/nope' } },
      { env: { METRICS_TOKEN: `${secret} ` } },
      { env: { METRICS_TOKEN_FILE: '/f' }, files: { '/f': `${secret}\n${secret}` } },
      { env: { CANDIDATES: `postgres://anna:${secret}@db1/app` } },
    ];
    for (const each of given) assert.doesNotMatch(problems(each).join('\n'), /hunter2/);
  });
});
