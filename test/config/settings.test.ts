import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { secrets } from '../../src/config/secrets.ts';
import { flagOf, sections, type SettingName, settingNames, settings } from '../../src/config/settings.ts';
import { parseNetwork } from '../../src/runtime/networks.ts';
import { unitNames } from '../../src/config/units.ts';

/** What a setting makes of a text; an error is its message. */
function parsed(name: SettingName, text: string): unknown {
  try {
    return settings[name].parse(text);
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message;
  }
}

describe('every setting', () => {
  for (const name of settingNames) {
    test(`${name} has a name, a sentence and a default that are fit to be shown`, () => {
      const { help, hint, fallback, section } = settings[name];
      assert.match(name, /^[A-Z][A-Z_]*[A-Z]$/);
      assert.match(help, /^\S.*[^\s.]$/);
      assert.match(hint, /^\S+$/);
      assert.ok(sections.includes(section));
      if (fallback === undefined) return;
      const value = settings[name].parse(fallback);
      // What is off has no value, but for a mere switch.
      assert.equal(value === undefined || value === false, fallback === 'off');
    });
  }

  test('has a flag of its own', () => {
    const flags = settingNames.map(flagOf);
    assert.equal(new Set(flags).size, flags.length);
    for (const flag of flags) assert.match(flag, /^--[a-z]+(-[a-z]+)*$/);
    assert.equal(flagOf('HOLD_MS'), '--hold-ms');
  });

  test('is known under the names of the program that this one replaces', () => {
    const old =
      'CANDIDATES LISTEN_HOST LISTEN_PORT CONNECT_TIMEOUT_MS QUERY_TIMEOUT_MS CHECK_EVERY NUM_THREADS ' +
      'TCP_KEEPALIVE METRICS_HOST METRICS_PORT';
    for (const name of old.split(' ')) assert.ok(Object.hasOwn(settings, name), name);
  });

  test('a secret is none of them: flags are shown in every list of processes', () => {
    for (const name of secrets) assert.equal(Object.hasOwn(settings, name), false, name);
  });

  /** Name and default of each setting in the tables of a page. */
  const rowsOf = (page: string) => {
    const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
    return [...text.matchAll(/^\| `([A-Z_]+)` \| (?:`([^`]*)`)? *\|/gm)].map(([, ...row]) => row);
  };

  test('stands in the tables of docs/settings.md with its default, in this order, and nothing else does', () => {
    assert.deepEqual(rowsOf('docs/settings.md'), settingNames.map((name) => [name, settings[name].fallback]));
  });

  test('that README.md shows, five of them, stands there with its default', () => {
    const rows = rowsOf('README.md');
    assert.equal(rows.length, 5);
    for (const [name, fallback] of rows) {
      assert.ok(settingNames.some((known) => known === name), name);
      assert.equal(fallback, settings[name as SettingName].fallback, name);
    }
  });
});

describe('the bounds of a number', () => {
  const bounds: Partial<Record<SettingName, readonly [number, number]>> = {
    DNS_TTL_MS: [100, 3_600_000],
    LISTEN_PORT: [0, 65_535],
    SPIN_US: [0, 1000],
    PROBE_INTERVAL_MS: [10, 3_600_000],
    PROBE_FAST_MS: [10, 3_600_000],
    CONNECT_TIMEOUT_MS: [10, 3_600_000],
    QUERY_TIMEOUT_MS: [10, 3_600_000],
    FAIL_AFTER: [1, 100],
    DEAD_AFTER_MS: [1000, 3_600_000],
    PREWARM: [0, 32],
    HOLD_MS: [0, 3_600_000],
    MAX_HELD: [0, 1_000_000],
    MAX_SESSIONS: [1, 1_000_000],
    STARTUP_TIMEOUT_MS: [100, 3_600_000],
    DRAIN_ACCEPT_MS: [0, 3_600_000],
    DRAIN_MS: [0, 3_600_000],
  };
  for (const [name, [least, most]] of Object.entries(bounds) as [SettingName, readonly [number, number]][]) {
    test(`${name} goes from ${least} to ${most}`, () => {
      const { hint } = settings[name];
      const complaint = hint === 'ms' || hint === 'us'
        ? `is not a whole number of ${hint} from ${least} to ${most}, nor one with a unit (${
          unitNames[hint]
        })`
        : `is not a whole number from ${least} to ${most}`;
      assert.equal(parsed(name, String(least)), least);
      assert.equal(parsed(name, String(most)), most);
      for (
        const text of [
          String(least - 1),
          String(most + 1),
          '',
          ' ',
          '1e3',
          '0x10',
          '1.5',
          'x',
          '9'.repeat(40),
        ]
      ) {
        assert.equal(parsed(name, text), complaint, JSON.stringify(text));
      }
    });
  }

  test('is known of every setting whose default is a number', () => {
    const mayBeOff: readonly SettingName[] = ['METRICS_PORT', 'MAX_LAG_MS'];
    const numbers = settingNames.filter((name) => /^[0-9]+$/.test(settings[name].fallback ?? ''));
    assert.deepEqual(numbers.filter((name) => !mayBeOff.includes(name)), Object.keys(bounds));
  });

  for (const name of ['METRICS_PORT', 'REPLICA_PORT'] as const) {
    test(`${name} goes from 0 to 65535, or is off`, () => {
      assert.equal(parsed(name, '0'), 0);
      assert.equal(parsed(name, '65535'), 65_535);
      for (const off of ['off', 'Off', 'OFF']) assert.equal(parsed(name, off), undefined);
      for (const text of ['65536', '-1', 'on', '', '1.5']) {
        assert.equal(parsed(name, text), 'is neither "off" nor a whole number from 0 to 65535');
      }
    });
  }

  for (const [name, least] of [['MAX_LAG_MS', 0], ['MAX_LAG_BYTES', 0], ['LAG_FENCE_MS', 1000]] as const) {
    test(`${name} goes from ${least} on, or is off`, () => {
      assert.equal(parsed(name, String(least)), least);
      assert.equal(parsed(name, '1000000000000'), 1e12);
      for (const off of ['off', 'OFF']) assert.equal(parsed(name, off), undefined);
      for (const text of [String(least - 1), '', '1.5', '9'.repeat(16), 'x']) {
        assert.match(
          String(parsed(name, text)),
          new RegExp(
            `^is neither "off" nor a whole number of (ms|bytes) from ${least} on, nor one with a unit`,
          ),
        );
      }
    });
  }
});

describe('the other forms', () => {
  test('NUM_THREADS goes from 0 to 64, or is left to the program', () => {
    for (const [text, count] of [['0', 0], ['64', 64], ['auto', 'auto'], ['AUTO', 'auto']] as const) {
      assert.equal(parsed('NUM_THREADS', text), count, text);
    }
    for (const text of ['65', '-1', 'all', '', '1.5', '1e1']) {
      assert.equal(parsed('NUM_THREADS', text), 'is neither "auto" nor a whole number from 0 to 64', text);
    }
  });

  test('TCP_KEEPALIVE is on, off, or seconds that Linux takes', () => {
    for (const text of ['on', 'ON', '1', 'true', 'yes']) {
      assert.equal(parsed('TCP_KEEPALIVE', text), 30, text);
    }
    for (const text of ['off', 'Off', '0', 'false', 'no']) {
      assert.equal(parsed('TCP_KEEPALIVE', text), undefined, text);
    }
    for (const text of ['2', '45', '32767']) assert.equal(parsed('TCP_KEEPALIVE', text), Number(text));
    for (const text of ['32768', '00', '-1', '1.5', 'maybe', '']) {
      assert.match(
        String(parsed('TCP_KEEPALIVE', text)),
        /^is neither on, off, nor a whole number of seconds/,
        text,
      );
    }
  });

  test('times and sizes may have a unit', () => {
    assert.equal(parsed('HOLD_MS', '10s'), 10_000);
    assert.equal(parsed('SPIN_US', '1ms'), 1000);
    assert.equal(parsed('TCP_KEEPALIVE', '2min'), 120);
    assert.equal(parsed('MAX_LAG_BYTES', '16MB'), 16 * 1024 * 1024);
    assert.equal(parsed('MAX_LAG_MS', '1.5s'), 1500);
    assert.equal(parsed('CHECK_EVERY', '250ms'), 0.25);
    assert.match(String(parsed('HOLD_MS', '16MB')), /^is not a whole number of ms/);
    assert.match(String(parsed('HOLD_MS', '0.5')), /^is not a whole number of ms/);
    assert.match(String(parsed('HOLD_MS', '0.0001s')), /^is not a whole number of ms/);
  });

  const one = (name: SettingName, host: string) => name === 'LISTEN_HOST' ? [host] : host;

  test('LISTEN_HOST may be several, and folders of unix sockets beside them', () => {
    assert.deepEqual(parsed('LISTEN_HOST', '10.0.0.1, [::1],/run/postgresql/'), [
      '10.0.0.1',
      '::1',
      '/run/postgresql',
    ]);
    // It listens on IPv4, too: both would be in each other's way.
    assert.deepEqual(parsed('LISTEN_HOST', '0.0.0.0,::'), ['::']);
    assert.match(String(parsed('LISTEN_HOST', '/run/postgresql')), /^names no address/);
    assert.match(String(parsed('LISTEN_HOST', '')), /^names no address/);
    assert.match(String(parsed('LISTEN_HOST', 'a,/tmp/.s.PGSQL.5432')), /^names a socket/);
    assert.match(String(parsed('LISTEN_HOST', 'a,b,a')), /^names an address twice/);
    assert.match(String(parsed('LISTEN_HOST', 'a,6432')), /^looks like a port/);
  });

  test('LISTEN_HOST and METRICS_HOST are a name or an address, and no port', () => {
    for (const [name, port] of [['LISTEN_HOST', 'LISTEN_PORT'], ['METRICS_HOST', 'METRICS_PORT']] as const) {
      for (const text of ['0.0.0.0', '::', 'fd00::1', 'localhost', 'db-1.example', '1and1.example']) {
        assert.deepEqual(parsed(name, text), one(name, text));
      }
      assert.deepEqual(parsed(name, '[::1]'), one(name, '::1'));
      assert.equal(parsed(name, '6432'), `looks like a port: it belongs into ${port}, and an address here`);
      for (const [text, host] of [['10.0.0.1:7', '10.0.0.1'], ['[::1]:7', '[::1]'], ['db:', 'db']] as const) {
        assert.equal(
          parsed(name, text),
          `has a port in it: leave ${host} here, the port belongs into ${port}`,
        );
      }
    }
  });

  test('CHECK_EVERY is seconds, with thousandths', () => {
    for (const text of ['1', '0.25', '9999']) assert.equal(parsed('CHECK_EVERY', text), Number(text));
    for (const text of ['', 'x', '-1', '.5', '1.', '1,5', '10000', '0', '0.000']) {
      assert.match(
        String(parsed('CHECK_EVERY', text)),
        /^is not a number of seconds above 0 and up to 9999/,
        text,
      );
    }
  });

  test('REPLICA_FALLBACK is on or off', () => {
    for (const text of ['on', 'ON', '1', 'true', 'yes']) assert.equal(parsed('REPLICA_FALLBACK', text), true);
    for (const text of ['off', 'Off', '0', 'false', 'no']) {
      assert.equal(parsed('REPLICA_FALLBACK', text), false);
    }
    for (const text of ['', '2', 'maybe']) {
      assert.equal(parsed('REPLICA_FALLBACK', text), 'is neither on nor off');
    }
  });

  test('SYSTEM_IDENTIFIER is digits', () => {
    assert.equal(parsed('SYSTEM_IDENTIFIER', '18446744073709551615'), '18446744073709551615');
    for (const text of ['', '7e18', '-7', '1'.repeat(21), '7000 ']) {
      assert.match(String(parsed('SYSTEM_IDENTIFIER', text)), /is not a system identifier.*pg_controldata/);
    }
  });

  test('PROXY_TRUSTED is a list of networks, addresses and unix', () => {
    assert.deepEqual(parsed('PROXY_TRUSTED', '10.0.0.0/8, fd00::5 ,unix,'), {
      networks: [parseNetwork('10.0.0.0/8'), parseNetwork('fd00::5')],
      unix: true,
    });
    assert.equal((parsed('PROXY_TRUSTED', '192.0.2.7') as { unix: boolean }).unix, false);
    for (const text of ['haproxy.example', '10.0.0.0/8,10.0.0', '/run/haproxy', '10.0.0.0/33']) {
      assert.match(String(parsed('PROXY_TRUSTED', text)), /^names \S+, which is no network/, text);
    }
    assert.match(String(parsed('PROXY_TRUSTED', ' , ')), /^names no network/);
  });

  test('DNS_SERVERS is a list of numeric addresses, with or without ports', () => {
    assert.deepEqual(parsed('DNS_SERVERS', '10.0.0.10'), ['10.0.0.10']);
    assert.deepEqual(parsed('DNS_SERVERS', ' 10.0.0.10:5353, [::1]:53 ,'), ['10.0.0.10:5353', '[::1]:53']);
    for (const text of ['', ',', 'ns.example', '10.0.0', '10.0.0.10;10.0.0.11']) {
      assert.match(String(parsed('DNS_SERVERS', text)), /^is not a list of numeric addresses/, text);
    }
  });

  const choices: Partial<Record<SettingName, readonly string[]>> = {
    PGSSLMODE: ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
    SPLIT_BRAIN: ['incumbent', 'refuse'],
    LOG_LEVEL: ['error', 'warn', 'info', 'debug'],
    LOG_FORMAT: ['auto', 'text', 'json'],
  };
  test('LOG_CONNECTIONS is one of off, errors, all, in capitals or not', () => {
    assert.deepEqual(['off', 'Errors', 'ALL'].map((text) => parsed('LOG_CONNECTIONS', text)), [
      undefined,
      'errors',
      'all',
    ]);
    assert.equal(parsed('LOG_CONNECTIONS', 'on'), 'is none of off, errors, all');
  });

  for (const [name, options] of Object.entries(choices) as [SettingName, readonly string[]][]) {
    test(`${name} is one of ${options.join(', ')}, in capitals or not`, () => {
      for (const option of options) {
        assert.equal(parsed(name, option), option);
        assert.equal(parsed(name, option.toUpperCase()), option);
      }
      for (const text of ['', 'none', `${options[0]} `]) {
        assert.equal(parsed(name, text), `is none of ${options.join(', ')}`);
      }
      assert.equal(settings[name].hint, options.join('|'));
    });
  }
});
