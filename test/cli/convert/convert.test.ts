import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { convertText } from '../../../src/cli/convert/convert.ts';
import type { Conversion, Gateway } from '../../../src/cli/convert/gateways.ts';
import type { Told } from '../../../src/cli/convert/proxies.ts';
import { render } from '../../../src/cli/convert/render.ts';
import { settingNames } from '../../../src/config/settings.ts';
import { secrets } from '../../../src/config/secrets.ts';
import { ConfigError } from '../../../src/errors.ts';
import { faultsOfConfiguration, noHaproxy } from '../../bed/haproxy.ts';
import { configured } from '../../config/sources.ts';

const folder = fileURLToPath(new URL('fixtures', import.meta.url));
const source = fileURLToPath(new URL('../../../src/cli/convert', import.meta.url));
const nothingTold: Told = { primary: [], replicas: [] };

function converted(text: string, told = nothingTold, env: Record<string, string> = {}): Conversion {
  return convertText(text, told, (name) => env[name]);
}

const settingsOf = ({ settings }: Gateway): readonly string[] =>
  settings.filter(({ isProposal }) => !isProposal).map(({ name, value }) => `${name}=${value}`);

/** What every file of fixtures/ becomes, gateway by gateway, and which of its places are left out. */
const expected: Record<
  string,
  { readonly gateways: readonly (readonly string[])[]; readonly out?: readonly string[] }
> = {
  'patroni.cfg': {
    gateways: [[
      'CANDIDATES=10.0.0.1:5432,10.0.0.2:5432,10.0.0.3:5432',
      'LISTEN_HOST=0.0.0.0',
      'LISTEN_PORT=5000',
      'METRICS_HOST=0.0.0.0',
      'METRICS_PORT=7000',
      'MAX_SESSIONS=100',
    ]],
  },
  'two-ports.cfg': {
    gateways: [[
      'CANDIDATES=10.0.0.1:6432,10.0.0.2:6432,10.0.0.3:6432',
      'LISTEN_HOST=127.0.0.1',
      'LISTEN_PORT=5000',
      'REPLICA_PORT=5001',
      'REPLICA_FALLBACK=off',
      'MAX_LAG_BYTES=100MB',
      'METRICS_HOST=127.0.0.1',
      'METRICS_PORT=7000',
      'MAX_SESSIONS=10000',
      'LOG_CONNECTIONS=all',
    ]],
    out: ['listen replicas_sync', 'listen replicas_async'],
  },
  'frontends.cfg': {
    gateways: [[
      'CANDIDATES=10.1.0.11:5432,10.1.0.12:5432',
      'LISTEN_HOST=10.1.0.5,10.1.0.6',
      'LISTEN_PORT=5432',
      'REPLICA_PORT=5433',
      'REPLICA_BALANCE=source',
      'REPLICA_WEIGHTS=10.1.0.11:5432=10,10.1.0.12:5432=30',
      // With a password on HAProxy's page it stays on this machine until there is a token.
      'METRICS_PORT=8404',
      'LOG_CONNECTIONS=all',
    ], [
      'CANDIDATES=[fd00::1]:5432,[fd00::2]:5432',
      'LISTEN_HOST=::',
      'LISTEN_PORT=5500',
      'LOG_CONNECTIONS=all',
    ]],
    out: ['frontend queue'],
  },
  'pgsql-check.cfg': {
    gateways: [['CANDIDATES=db1:5432,db2:5432', 'LISTEN_HOST=0.0.0.0', 'LISTEN_PORT=5000']],
    out: ['listen pgReadOnly'],
  },
  'external-check.cfg': { gateways: [], out: ['listen postgres'] },
  'tcp-check.cfg': {
    gateways: [[
      'CANDIDATES=10.3.0.1:5432,10.3.0.2:5432',
      'LISTEN_HOST=127.0.0.1',
      'LISTEN_PORT=5000',
      'REPLICA_PORT=5001',
      'REPLICA_FALLBACK=off',
    ]],
  },
  'discovery.cfg': {
    gateways: [[
      'CANDIDATES=pg.service.consul:5432',
      'LISTEN_HOST=10.4.0.1,/run/postgresql',
      'LISTEN_PORT=5432',
      'REPLICA_PORT=5433',
      'REPLICA_FALLBACK=off',
      'MAX_LAG_BYTES=16MB',
      'MAX_SESSIONS=2000',
      'DNS_SERVERS=127.0.0.1:8600,[::1]:8600',
      'DNS_TTL_MS=5s',
    ]],
  },
  'tls.cfg': {
    gateways: [[
      'CANDIDATES=10.5.0.1:5432,10.5.0.2:5432,10.5.0.3:5432',
      'LISTEN_HOST=0.0.0.0',
      'LISTEN_PORT=6432',
      'REPLICA_PORT=6433',
      'METRICS_PORT=6434',
    ]],
  },
};

/** By what a line of the haproxy.cfg begins that a setting may be from. */
const origins: Record<string, RegExp> = {
  CANDIDATES: /^server/,
  LISTEN_HOST: /^bind/,
  LISTEN_PORT: /^bind/,
  REPLICA_PORT: /^bind/,
  REPLICA_FALLBACK: /^option (?:httpchk|tcp-check)/,
  REPLICA_BALANCE: /^balance/,
  REPLICA_WEIGHTS: /^server/,
  MAX_LAG_BYTES: /^option httpchk/,
  METRICS_HOST: /^bind/,
  METRICS_PORT: /^bind/,
  MAX_SESSIONS: /^maxconn/,
  LOG_CONNECTIONS: /^option tcplog/,
  DNS_SERVERS: /^nameserver/,
  DNS_TTL_MS: /^hold valid/,
  PROBE_INTERVAL_MS: /inter /,
  FAIL_AFTER: /fall /,
  PGUSER: /check/,
};

/** Read as CONFIG_FILE by the program itself. */
function load(text: string): void {
  const files = { 'gateway.env': text, '/etc/pg_gateway/pgpass': '*:*:*:*:secret\n' };
  const { warnings, credentials } = configured({
    flags: { CONFIG_FILE: 'gateway.env' },
    env: { CANDIDATES: '' },
    files,
  });
  assert.deepEqual([...warnings, ...credentials.warnings], []);
}

describe('an haproxy.cfg', () => {
  test('of each kind is here', () => {
    assert.deepEqual(readdirSync(folder).toSorted(), Object.keys(expected).toSorted());
  });

  for (const [name, { gateways, out = [] }] of Object.entries(expected)) {
    const path = `${folder}/${name}`;
    const text = readFileSync(path, 'utf8');

    test(`${name} is one that HAProxy takes`, { skip: noHaproxy }, () => {
      assert.equal(faultsOfConfiguration(path), '');
    });

    test(`${name} becomes settings that the program takes, each with its line`, () => {
      const conversion = converted(text);
      assert.deepEqual(conversion.problems, []);
      assert.deepEqual(conversion.gateways.map(settingsOf), gateways);
      assert.deepEqual(
        conversion.leftOut.filter(({ why }) => why !== 'mode http').map(({ title }) => title),
        out,
      );
      for (const gateway of conversion.gateways) {
        const file = render(gateway, name);
        load(file);
        // What is left to a person must be right, too, if he takes it.
        load(file.replaceAll(/^#(?=[A-Z_]+=)/gm, ''));
        for (const { name, lines } of gateway.settings) {
          for (const line of lines) {
            assert.match(
              text.split('\n')[line - 1]!.trim(),
              origins[name]!,
              `${name} is not of line ${line}`,
            );
          }
        }
      }
    });
  }

  test('is told with the names of settings that exist', () => {
    const texts = Object.keys(expected).flatMap((name) =>
      converted(readFileSync(`${folder}/${name}`, 'utf8')).gateways.map((gateway) => render(gateway, name))
    );
    const sources = readdirSync(source).map((name) => readFileSync(`${source}/${name}`, 'utf8'));
    const names = [...texts, ...sources].join('\n').match(/\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? [];
    const known: readonly string[] = [...settingNames, ...secrets];
    assert.ok(names.length > 100);
    assert.deepEqual([...new Set(names)].filter((name) => !known.includes(name)), []);
  });

  test('with secrets in it does not pass them on', () => {
    const text = readFileSync(`${folder}/frontends.cfg`, 'utf8');
    const shown = converted(text).gateways.map((gateway) => render(gateway, 'x')).join('\n');
    assert.match(text, /se#cret/);
    assert.doesNotMatch(shown, /se#cret|admin:/);
  });

  test('cannot put a line of its own into the result', () => {
    const evil = [
      'listen x\\nDRILLS=on',
      'bind "127.0.0.1\\nDRILLS=on:5432",:5432',
      'option httpchk "HEAD\\nDRILLS=on" /replica?lag=1MB\\nDRILLS=on&tag=\\nDRILLS=on',
      'balance "a\\nDRILLS=on"',
      'option pgsql-check user "b\\nDRILLS=on"',
      'option httpchk /replica?x=\\nDRILLS=on',
      'server "c\\nDRILLS=on" db1:5432 "word\\nDRILLS=on" 1',
    ];
    const { gateways } = converted(evil.join('\n'));
    const file = gateways.map((gateway) => render(gateway, 'x')).join('\n');
    assert.match(file, /DRILLS=on/);
    assert.doesNotMatch(file, /^#?DRILLS/m);
    const server = 'server a "/run/x\\nDRILLS=on/.s.PGSQL.5432"';
    assert.match(converted(listen('option httpchk /primary', server)).problems[0]!.what, /no address has/);
  });

  test('with two gateways has a file for each, with ports of their own', () => {
    const both = `
listen one
  bind :5000
  option httpchk HEAD /primary
  server a db1:5432 check port 8008
listen two
  bind :6433
  option httpchk HEAD /primary
  server b db2:5432 check port 8008`;
    assert.deepEqual(converted(both).gateways.map(settingsOf), [
      ['CANDIDATES=db1:5432', 'LISTEN_HOST=0.0.0.0', 'LISTEN_PORT=5000', 'METRICS_PORT=6434'],
      ['CANDIDATES=db2:5432', 'LISTEN_HOST=0.0.0.0', 'LISTEN_PORT=6433', 'METRICS_PORT=6435'],
    ]);
  });
});

/** A `listen` with these lines. */
const listen = (...lines: readonly string[]): string => ['listen pg', 'bind :5432', ...lines].join('\n');
const servers = ['server a db1:5432 check port 8008', 'server b db2:5432 check port 8008'];

describe('a check', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['primary', ['option httpchk']],
    ['primary', ['option httpchk /master']],
    ['primary', ['option httpchk OPTIONS /master HTTP/1.1\\r\\nHost:\\ www']],
    ['primary', ['option httpchk', 'http-check send meth HEAD uri /read-write']],
    ['primary', ['option tcp-check', 'option httpchk GET /primary']],
    ['primary', ['option httpchk', 'http-check send meth OPTIONS uri-lf /candidates/%[srv_name]/primary']],
    ['standby', ['option httpchk GET /replica?lag=16MB']],
    ['any', ['option httpchk GET /read-only']],
    ['unsaid', ['option httpchk GET /replica', 'http-check expect ! status 200']],
    ['unsaid', ['option httpchk GET /primary', 'http-check expect status 503']],
    ['unsaid', ['option httpchk GET /health']],
    ['unsaid', ['option httpchk GET /sync']],
    ['unsaid', ['option httpchk GET /standby-leader']],
    ['unsaid', ['option httpchk GET /primary', 'no option httpchk']],
    ['unsaid', ['option tcp-check']],
    ['unsaid', ['option pgsql-check user haproxy']],
    ['unsaid', ['option external-check']],
    ['unsaid', []],
  ];
  for (const [wanted, lines] of table) {
    test(`${lines.join('; ') || '(none)'} looks for: ${wanted}`, () => {
      const { gateways, leftOut } = converted(listen(...lines, ...servers));
      const names = gateways.flatMap(settingsOf).map((line) => line.split('=')[0]);
      const found = gateways.length === 0
        ? 'unsaid'
        : !names.includes('REPLICA_PORT')
        ? 'primary'
        : names.includes('REPLICA_FALLBACK')
        ? 'standby'
        : 'any';
      assert.equal(found, wanted);
      assert.equal(leftOut.length, wanted === 'unsaid' ? 1 : 0);
    });
  }

  test('by the root of another service, as of MySQL, is none of PostgreSQL', () => {
    const text = 'listen galera\nbind :3306\noption httpchk\nserver a db1:3306 check port 9200';
    assert.match(converted(text).leftOut[0]!.why, /nothing in it says/);
  });

  test('that does not see the role is one for the primary where all servers but one are backups, and says so', () => {
    const { gateways: [gateway] } = converted(
      listen('option pgsql-check user x', 'server a db1', 'server b db2 backup'),
    );
    assert.match(gateway!.places[0]!.why, /the primary: option pgsql-check sees only .* "backup"/);
    assert.ok(gateway!.remarks.some(({ what }) => what === 'server without a port'));
  });

  test('at another port than that of the clients is something to see to where it asks PostgreSQL itself', () => {
    const text = listen(
      'option pgsql-check user x',
      'server a db1:5432 port 5433',
      'server b db2:5432 backup',
    );
    const found = converted(text).gateways[0]!.remarks.filter(({ isFirst }) => isFirst);
    assert.deepEqual(found.map(({ what, lines }) => [what, lines]), [['server ... port 5433', [4]]]);
  });

  test('that does not see the role is what the operator says', () => {
    const text = `${
      listen('server a db1:5432')
    }\nlisten reading\nbind :5433\nserver b db2:5432\nserver c db3:5432`;
    assert.equal(converted(text).gateways.length, 0);
    const { gateways } = converted(text, { primary: ['pg'], replicas: ['reading'] });
    assert.deepEqual(gateways.map(settingsOf), [[
      'CANDIDATES=db1:5432,db2:5432,db3:5432',
      'LISTEN_HOST=0.0.0.0',
      'LISTEN_PORT=5432',
      'REPLICA_PORT=5433',
      'REPLICA_WEIGHTS=db1:5432=0,db2:5432=1,db3:5432=1',
    ]]);
    assert.deepEqual(gateways[0]!.remarks.filter(({ isFirst }) => isFirst).map(({ what }) => what), [
      'db2:5432, db3:5432',
    ]);
    assert.throws(() => converted(text, { primary: ['pq'], replicas: [] }), /"pq" is no listen or frontend/);
  });
});

describe('a line of an haproxy.cfg', () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['nonsense', '1: "nonsense" stands before any section, so this is hardly an haproxy.cfg'],
    [listen('option httpchk "GET'), '3: the quote " is never closed: HAProxy does not read this'],
    [
      listen('option httpchk \\'),
      '3: ends in a backslash: HAProxy has no lines that go on in the next one',
    ],
    [
      listen('option httpchk GET /primary', 'server a ${PG1}:5432'),
      '4: the environment has no PG1: run the command with PG1=... before it',
    ],
    [
      listen('option httpchk GET /primary', 'server a db1:0'),
      '4: server "db1:0" cannot be a candidate: the port of "db1:0" is not between 1 and 65535',
    ],
    [
      listen('option httpchk GET /primary', 'server a db1:+1'),
      '4: server "db1:+1" has a port that is reckoned from that of the client',
    ],
    [
      listen('option httpchk GET /primary', 'server a /run/x.sock'),
      '4: server "/run/x.sock" is a unix socket without the name that libpq gives it, /FOLDER/.s.PGSQL.PORT',
    ],
    [
      listen('{% for one in all %}', 'server {{ one }}'),
      '3: "{%" is of a template: convert the file that is made of it',
    ],
    [
      `.if defined(X)\n${listen('option httpchk')}`,
      '1: .if is decided by HAProxy at its start: convert a file without it',
    ],
    ['listen a from nowhere', '1: "nowhere" is no defaults section above this line'],
  ];
  for (const [text, problem] of wrong) {
    test(`that cannot be converted is told with its number: ${problem}`, () => {
      const { problems } = converted(text);
      assert.ok(
        problems.map(({ line, what }) => `${line}: ${what}`).includes(problem),
        JSON.stringify(problems),
      );
    });
  }

  test('of old may have the address behind the name', () => {
    const { gateways } = converted(`listen pg *:5000\noption httpchk HEAD /primary\nserver a db1:5432`);
    assert.equal(settingsOf(gateways[0]!)[2], 'LISTEN_PORT=5000');
  });

  const read: readonly (readonly [string, string])[] = [
    ['server a "${HOST}:5432" # of the environment', 'db9:5432'],
    ["server a 'db9:5432'", 'db9:5432'],
    ['server a db9:${PORT-5433}', 'db9:5433'],
    ['server a $HOST:5432', 'db9:5432'],
    ['server a\\ b db9:5432', 'db9:5432'],
    ['server a ipv4@10.0.0.9:5432', '10.0.0.9:5432'],
    ['server a fd00::9:5432', '[fd00::9]:5432'],
    ['server a /run/postgresql/.s.PGSQL.5433', '/run/postgresql:5433'],
    ['server a _postgresql._tcp.pg.example', 'srv+_postgresql._tcp.pg.example'],
    ['server-template a 1-5 pg.example:5432', 'pg.example:5432'],
  ];
  for (const [line, candidate] of read) {
    test(`is read as HAProxy reads it: ${line}`, () => {
      const { gateways, problems } = converted(listen('option httpchk HEAD /primary', line), nothingTold, {
        HOST: 'db9',
      });
      assert.deepEqual(problems, []);
      assert.equal(settingsOf(gateways[0]!)[0], `CANDIDATES=${candidate}`);
    });
  }

  const noted: readonly (readonly [string, string])[] = [
    ['timeout client 30m', 'no session is ended because it is idle'],
    ['balance roundrobin', 'there is one primary at a time'],
    ['option splice-auto', 'is about HAProxy itself'],
    ['retries 3', 'a client whose server goes away'],
    ['maxconn 100', 'MAX_SESSIONS is for all ports'],
    ['timeout connect 4s', 'CONNECT_TIMEOUT_MS (800 ms unless it is set) is also'],
    ['option srvtcpka', 'TCP_KEEPALIVE is on'],
  ];
  for (const [line, why] of noted) {
    test(`has no counterpart, and is listed with its number: ${line}`, () => {
      const { gateways } = converted(listen('option httpchk HEAD /primary', ...servers, line));
      const found = gateways[0]!.remarks.find(({ lines, isFirst }) => !isFirst && lines.includes(6));
      assert.ok(found?.why.startsWith(why), JSON.stringify(gateways[0]!.remarks));
    });
  }

  const first: readonly (readonly [string, string])[] = [
    ['bind :6000', 'the gateway has one port for a role, here 5432'],
    ['bind :5432 ssl crt /x.pem', 'the gateway ends no TLS'],
    ['bind /run/haproxy.sock', 'it was left out'],
    ['server c db3:5432 send-proxy', 'the gateway sends no PROXY protocol header'],
    ['server c db3:5432 ssl verify none', 'the gateway ends no TLS and begins none'],
    ['server c db3:5432 disabled', 'it is left out of CANDIDATES'],
    ['server c db3:5432 no-such-word 1', 'is not known to this command'],
    ['tcp-request connection reject if TRUE', 'who may connect is for ALLOW and DENY'],
    ['no-such-word', 'is not known to this command'],
    ['server c db3:6432', 'this is the port of PgBouncer by convention'],
  ];
  for (const [line, why] of first) {
    test(`is something to see to before clients move: ${line}`, () => {
      const { gateways } = converted(listen('option httpchk HEAD /primary', ...servers, line));
      const found = gateways[0]!.remarks.filter(({ isFirst }) => isFirst);
      assert.equal(found.length, 1, JSON.stringify(found));
      assert.ok(found[0]!.why.startsWith(why), found[0]!.why);
      assert.deepEqual(found[0]!.lines, [6]);
    });
  }
});

/** The same numbers each time (mulberry32). */
function numbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test('of several global sections the last maxconn counts, as in HAProxy', () => {
  const text =
    'global\nmaxconn 10\nglobal\nmaxconn 20\nglobal\nlisten a :5\noption httpchk /primary\nserver b db1:5432 check\n';
  const [gateway] = converted(text).gateways;
  assert.deepEqual(settingsOf(gateway!).filter((line) => line.startsWith('MAX_SESSIONS')), [
    'MAX_SESSIONS=20',
  ]);
});

test('random bytes, and files with some of them, never throw, nor leave a line that is neither comment nor setting', () => {
  const random = numbers(7);
  const upTo = (most: number): number => Math.floor(random() * most);
  const texts = Object.keys(expected).map((name) => readFileSync(`${folder}/${name}`));
  let [made, refused] = [0, 0];
  for (let round = 0; round < 600; round += 1) {
    const bytes = round % 4 === 0
      ? Buffer.from(Array.from({ length: upTo(2000) }, () => upTo(256)))
      : Buffer.from(texts[upTo(texts.length)]!);
    for (let change = upTo(8); change > 0 && bytes.length > 0; change -= 1) {
      // Half of them are what the grammar is made of.
      bytes[upTo(bytes.length)] = random() < 0.5
        ? ' \n\t"\'\\#${}:,@/-.[]%0'.charCodeAt(upTo(21))
        : upTo(256);
    }
    const { gateways, problems } = converted(bytes.toString('utf8'));
    if (problems.length > 0) {
      refused += 1;
      continue;
    }
    for (const gateway of gateways) {
      const file = render(gateway, 'x');
      for (const line of file.split('\n')) assert.match(line, /^(?:#.*|[A-Z_]+=[^\n\r]*|)$/u);
      try {
        load(file);
        made += 1;
      } catch (error) {
        // Addresses that are none of this world are told by the program itself.
        assert.ok(error instanceof ConfigError, String(error));
      }
    }
  }
  assert.ok(made > 50 && refused > 50, `${made} made, ${refused} refused`);
});
