/** Each value of a server's answer, and what becomes of values that PostgreSQL cannot give. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProbeError } from '../../src/probe/failure.ts';
import { type Facts, question, readFacts } from '../../src/probe/question.ts';

const asked = { address: '192.0.2.1:5432', user: 'probe', database: 'postgres' };
const start = '1700000000123456 5432 *';
const names = 'in_recovery read_only system timeline lsn replayed_lsn started_at upstream_host upstream_port'
  .split(' ');

type Row = readonly (string | null)[];
const primary: Row = ['f', 'f', '7000000000000000001', '3', '16/B374D848', '16/B374D848', start, null, null];
const standby: Row = ['t', 't', '7000000000000000001', '3', '0/20', '0/10', start, 'db1.example', '5432'];

const withColumn = (row: Row, name: string, value: string | null): Row =>
  row.with(names.indexOf(name), value);
const said = (row: Row): Facts => readFacts(row, asked);
const refused = (row: Row): string => {
  try {
    said(row);
  } catch (error) {
    assert.ok(error instanceof ProbeError, String(error));
    assert.equal(error.kind, 'malformed');
    return error.message;
  }
  throw new assert.AssertionError({ message: `was taken: ${JSON.stringify(row)}` });
};

describe('an answer', () => {
  test('of a primary and of a standby is taken', () => {
    assert.deepEqual(said(primary), {
      inRecovery: false,
      readOnly: false,
      system: '7000000000000000001',
      timeline: 3,
      lsn: 0x16_B374D848n,
      replayedLsn: 0x16_B374D848n,
      startedAt: start,
      upstream: undefined,
    });
    const { inRecovery, readOnly, lsn, replayedLsn, upstream } = said(standby);
    assert.deepEqual([inRecovery, readOnly, lsn, replayedLsn], [true, true, 32n, 16n]);
    assert.deepEqual(upstream, { host: 'db1.example', port: 5432 });
  });

  const taken: readonly (readonly [string, string])[] = [
    ['timeline', '1'],
    ['timeline', '4294967295'],
    ['system', '1'],
    ['system', '18446744073709551615'],
    ['lsn', 'FFFFFFFF/FFFFFFFF'],
    ['replayed_lsn', '0/0'],
    ['started_at', '1700000000123456 5432 '],
    ['started_at', `1700000000123456 5432 ${'x'.repeat(500)}`],
    ['upstream_host', '/var/run/postgresql'],
    ['upstream_host', 'fe80::1%eth0'],
    ['upstream_port', '1'],
    ['upstream_port', '65535'],
  ];
  test('may say all that PostgreSQL says', () => {
    for (const [name, value] of taken) said(withColumn(standby, name, value));
  });

  test('says the same system as pg_controldata, also where SQL has no number for it but a negative one', () => {
    assert.equal(said(withColumn(primary, 'system', '-9223372036854775808')).system, '9223372036854775808');
    assert.equal(said(withColumn(primary, 'system', '-1')).system, '18446744073709551615');
  });

  const lies: Readonly<Record<string, readonly string[]>> = {
    in_recovery: ['', 'x', 'true', 'tt', 'T', 'f '],
    read_only: ['', 'on', '0'],
    system: [
      '',
      '0',
      '007',
      'abc',
      '1.5',
      '1e9',
      '18446744073709551616',
      '-9223372036854775809',
      '7'.repeat(60_000),
    ],
    timeline: [
      '',
      '0',
      '-1',
      '1.5',
      '1e999',
      '1e3',
      'abc',
      'NaN',
      'Infinity',
      '0x10',
      ' 1',
      '1\n',
      '01',
      '4294967296',
    ],
    lsn: ['', 'x', '0', '/', '0/', '0/123456789', '123456789/0', '0/G', '-1/0', '0/1\n'],
    replayed_lsn: ['', 'x', '0/21', '1/0'],
    started_at: ['', 'abc', '-1 5432 *', '1e16 5432 *', '1.5', '1'.repeat(18), `1 ${'x'.repeat(600)}`],
    upstream_host: ['', 'a\nb', '\x1b[2J', 'a\u202eb', 'x'.repeat(256)],
    upstream_port: ['', '0', '65536', '-1', '1.5', 'abc', '1e3'],
  };
  for (const [name, values] of Object.entries(lies)) {
    test(`with another ${name} than PostgreSQL can say is refused, and the column is named`, () => {
      for (const value of values) {
        const message = refused(withColumn(standby, name, value));
        assert.match(message, new RegExp(`malformed answer at 192\\.0\\.2\\.1:5432 \\(its ${name} `), value);
        assert.match(message, /^[^\p{Cc}\p{Cf}]{1,300}$/u);
      }
    });
  }

  test('without a value that every server has is refused, and the column is named', () => {
    for (const name of names.slice(0, 7)) {
      assert.match(refused(withColumn(primary, name, null)), new RegExp(`its ${name} is missing`));
    }
    assert.match(refused(withColumn(standby, 'upstream_port', null)), /its upstream_port is missing/);
  });

  test('may lack what the server does not let the probe call, and nothing else', () => {
    const lacks = [{ name: 'pg_control_system()', loss: 'all', remedy: undefined }];
    const hiding = (row: Row, ...hidden: string[]) =>
      hidden.reduce((row, name) => withColumn(row, name, null), row);
    const facts = readFacts(hiding(primary, 'system', 'timeline', 'lsn', 'replayed_lsn'), asked, lacks);
    const { system, timeline, lsn, replayedLsn, inRecovery } = facts;
    assert.deepEqual([system, timeline, lsn, replayedLsn, inRecovery], [
      ...Array(4).fill(undefined),
      false,
    ]);
    assert.equal(facts.lacks, lacks);
    assert.equal(readFacts(hiding(standby, 'replayed_lsn'), asked, lacks).lsn, 32n);
    for (const name of ['in_recovery', 'read_only', 'started_at']) {
      assert.throws(() => readFacts(hiding(primary, name), asked, lacks), { kind: 'malformed' });
    }
    // Two positions must fit each other still.
    const crossed = withColumn(standby, 'replayed_lsn', '0/21');
    assert.throws(() => readFacts(crossed, asked, lacks), { kind: 'malformed' });
  });

  test('with columns too few or too many is refused', () => {
    for (const row of [[], primary.slice(1), [...primary, null]]) {
      assert.match(refused(row), new RegExp(`it has ${row.length} columns, not 9`));
    }
  });

  test('of a primary that replays is refused', () => {
    assert.match(refused(withColumn(primary, 'replayed_lsn', '0/1')), /replayed_lsn contradicts its lsn/);
  });

  test('of garbage is refused, or its facts are sound: nothing else is ever thrown', () => {
    let seed = 1;
    const below = (most: number) => (seed = (seed * 48271) % 2147483647) % most;
    const letters = [...'0123456789abcdefABCDEFtf/ .-+xeNI\n\0\x1b\u00a0\u202e\ud800\ufffd😀'];
    const garbage = (): string | null => {
      const kind = below(6);
      if (kind === 0) return null;
      if (kind === 1) return String(below(2 ** 31) * 2 ** below(40));
      if (kind === 2) {
        return `${below(2 ** 31).toString(16).toUpperCase()}/${below(2 ** 31).toString(16).toUpperCase()}`;
      }
      if (kind === 3) return ['t', 'f', '', '1', 'NaN', '1e999', '0/0'][below(7)]!;
      return Array.from({ length: below(kind === 4 ? 12 : 700) }, () => letters[below(letters.length)]).join(
        '',
      );
    };
    let taken = 0;
    for (let round = 0; round < 20_000; round += 1) {
      let row: Row = below(2) === 0 ? primary : standby;
      for (let changes = below(3); changes >= 0; changes -= 1) row = row.with(below(row.length), garbage());
      if (below(20) === 0) row = row.slice(0, below(row.length));
      try {
        const { timeline, system, startedAt, upstream, lsn, replayedLsn } = said(row);
        taken += 1;
        assert.ok(Number.isInteger(timeline) && timeline! >= 1 && timeline! < 2 ** 32);
        assert.ok(BigInt(system!) < 2n ** 64n && startedAt.length <= 600);
        assert.ok(0n <= replayedLsn! && replayedLsn! <= lsn! && lsn! < 2n ** 64n);
        if (upstream) assert.ok(upstream.port >= 1 && upstream.port <= 65_535 && upstream.host.length <= 255);
      } catch (error) {
        assert.ok(error instanceof ProbeError, `${String(error)} of ${JSON.stringify(row)}`);
        assert.ok(error.message.length < 300, error.message);
      }
    }
    assert.ok(taken > 100, `${taken} of the answers were sound`);
  });
});

test('the question is one line, because a server that logs statements writes it several times a second', () => {
  assert.match(question, /^with \S.* cross join replay$/);
  assert.doesNotMatch(question, /\s{2}/);
});
