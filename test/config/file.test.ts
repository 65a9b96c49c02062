import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nearestSetting } from '../../src/config/nearest-setting.ts';
import { configured, problems } from './sources.ts';

const env = { CONFIG_FILE: '/f' };
const holdMs = (text: string) => configured({ env, files: { '/f': text } }).data.holdMs;
const wrong = (text: string) => problems({ env, files: { '/f': text } });

describe('the configuration file', () => {
  const forms: readonly [string, string][] = [
    ['a line', 'HOLD_MS=7'],
    ['blanks around', '  HOLD_MS = 7  '],
    ['quotes', 'HOLD_MS="7"'],
    ['export, so that a shell can read it too', 'export HOLD_MS=7'],
    ['comments and empty lines', '# HOLD_MS=8\n\n  # more\nHOLD_MS=7 # seven\n'],
    ['line ends of Windows', 'MAX_HELD=1\r\nHOLD_MS=7\r\n'],
    ['the byte order mark of Windows', '\uFEFFHOLD_MS=7\n'],
    ['a line twice: the last one counts', 'HOLD_MS=6\nHOLD_MS=7'],
  ];
  for (const [what, text] of forms) {
    test(`may have ${what}`, () => assert.equal(holdMs(text), 7));
  }

  test('may be empty', () => assert.equal(holdMs(''), 10_000));

  test('may hold PGPASSWORD, which is no flag', () => {
    const { credentials } = configured({ env, files: { '/f': 'PGPASSWORD="a # b"' } });
    assert.equal(credentials.password('db1', 5432), 'a # b');
  });

  test('may hold METRICS_TOKEN, which is no flag', () => {
    assert.equal(configured({ env, files: { '/f': 'METRICS_TOKEN=abc' } }).metricsToken?.(), 'abc');
  });

  test('that cannot be read is named, with the reason', () => {
    assert.deepEqual(problems({ env, files: {} }), [
      'CONFIG_FILE=/f cannot be read (ENOENT): check the path',
    ]);
  });

  test('with unknown names: each is named with its line, and the nearest that there is', () => {
    assert.deepEqual(wrong('HOLD_MS=1\nHOLDMS=1\n\nexport nothing_like_it=1\n'), [
      '/f:2: HOLDMS is no setting of pg_gateway; did you mean HOLD_MS?',
      '/f:4: nothing_like_it is no setting of pg_gateway',
    ]);
  });

  test('with names of every object: they are no settings', () => {
    assert.deepEqual(wrong('constructor=1\n__proto__=1\ntoString=1').map((line) => line.split(' ')[1]), [
      'constructor',
      '__proto__',
      'toString',
    ]);
  });

  test('with a line that is none: its number is named, and not its text', () => {
    assert.deepEqual(wrong('HOLD_MS=1\nhunter2\n=x\n1A=2'), [
      '/f:2: this is not NAME=value',
      '/f:3: this is not NAME=value',
      '/f:4: this is not NAME=value',
    ]);
  });

  test('with a value of which a part would be lost: its line and its name are named, and not the value', () => {
    const hash = 'the "#" would begin a comment: put the value in quotes, or a blank before a comment';
    const after =
      'something follows the quote that closes the value: put all of it between quotes that are not in it';
    for (
      const [value, why] of [
        ['hunter#2', hash],
        ['#hunter', hash],
        ['"hunter"2', after],
        ["'it''s'", after],
        ['"hunter', 'the quote " is not closed on its line'],
        ["'a\nHOLD_MS=1'", "the quote ' is not closed on its line"],
      ]
    ) {
      assert.equal(wrong(`\nPGPASSWORD=${value}`)[0], `/f:2: PGPASSWORD: ${why}`);
    }
  });

  test('may have comments after values, and any character between quotes', () => {
    for (
      const [written, password] of [
        ['a # b', 'a'],
        ['"a#b"#c', 'a#b'],
        ["'a\"b' # c", 'a"b'],
        ["it's", "it's"],
        [' # nothing', ''],
        ['a=b"c"', 'a=b"c"'],
      ]
    ) {
      const { credentials } = configured({ env, files: { '/f': `PGPASSWORD=${written}` } });
      assert.equal(credentials.password('db1', 5432) ?? '', password);
    }
  });

  test('with a bad value: the setting is named', () => {
    assert.deepEqual(wrong('HOLD_MS=soon'), [
      '/f:1: HOLD_MS=soon is not a whole number of ms from 0 to 3600000, nor one with a unit (ms, s, min, h, d)',
    ]);
  });
});

describe('the configuration file as TOML', () => {
  const env = { CONFIG_FILE: '/f.toml' };
  const read = (text: string) => configured({ env, files: { '/f.toml': text } });
  const wrong = (text: string) => problems({ env, files: { '/f.toml': text } });

  test('has texts, numbers, truth values and lists', () => {
    const { data, candidates, probe } = read(
      'CANDIDATES = ["db1", "db2:5433"]\nHOLD_MS = "10s" # ten\nMAX_HELD = 1_000\nREPLICA_FALLBACK = false\nCHECK_EVERY = 0.5\n',
    );
    assert.deepEqual([data.holdMs, data.maxHeld, data.fallback, probe.probeIntervalMs], [
      10_000,
      1000,
      false,
      500,
    ]);
    assert.equal(candidates.length, 1, 'the environment wins');
  });

  test('may have names in small letters, with dashes', () => {
    assert.equal(read('hold-ms = 7').data.holdMs, 7);
    assert.equal(read('hold_ms = 7').data.holdMs, 7);
  });

  test('with mistakes: each is told with its line', () => {
    assert.deepEqual(wrong('\nholdms = 1\n\n[data]\nx = 1\n'), [
      '/f.toml:2: HOLDMS is no setting of pg_gateway; did you mean HOLD_MS?',
      '/f.toml:4: data is neither text, a number, true, false, nor a list of those',
    ]);
    assert.match(wrong('\nHOLD_MS = "soon"')[0] ?? '', /^\/f\.toml:2: HOLD_MS=soon is not a whole number/);
  });

  test('that is none: the line is told, and not its text', () => {
    const [problem, ...more] = wrong('HOLD_MS = 1\nPGPASSWORD = hunter2\n');
    assert.match(problem ?? '', /^\/f\.toml:2: Invalid TOML/);
    assert.doesNotMatch(problem ?? '', /hunter2/);
    assert.deepEqual(more, []);
  });
});

describe('what Kubernetes sets for services that are called like settings', () => {
  test('is passed over, with a warning that says what to do', () => {
    const { metrics, standbyPort, warnings } = configured({
      env: { METRICS_PORT: 'tcp://10.0.0.1:9090', REPLICA_PORT: 'udp://10.0.0.1:5432' },
    });
    assert.deepEqual([metrics?.port, standbyPort], [6433, undefined]);
    assert.equal(warnings.length, 2);
    assert.match(warnings.join(), /METRICS_PORT=tcp:\/\/10\.0\.0\.1:9090 .*enableServiceLinks: false/);
  });

  test('is a mistake where a person wrote it', () => {
    assert.match(
      problems({ flags: { METRICS_PORT: 'tcp://10.0.0.1:9090' } })[0] ?? '',
      /^--metrics-port tcp:/,
    );
  });
});

describe('a name that is none', () => {
  const likely: readonly [string, string | undefined][] = [
    ['HOLDMS', 'HOLD_MS'],
    ['hold_ms', 'HOLD_MS'],
    ['METRICS_POT', 'METRICS_PORT'],
    ['METRICS_HOT', 'METRICS_HOST'],
    ['LISTEN_PRT', 'LISTEN_PORT'],
    ['PGSSLKY', 'PGSSLKEY'],
    ['CANDIDATE', 'CANDIDATES'],
    ['MAXSESSION', 'MAX_SESSIONS'],
    ['MAXSESSIO', undefined],
    ['X', undefined],
    ['PORT', undefined],
  ];
  for (const [name, nearest] of likely) {
    test(`${name} ${nearest ? `is probably ${nearest}` : 'is like no other'}`, () => {
      assert.equal(nearestSetting(name), nearest || undefined);
    });
  }
});
