/** What writers write, readers read: for values of every kind, cut down by fast-check to the smallest that breaks it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatLsn, parseLsn } from '../../src/cluster/lsn.ts';
import { readConfigFile } from '../../src/config/config-file.ts';
import { type EvidenceFile, readEvidence, writeEvidence } from '../../src/control/evidence-file.ts';
import { errorResponse, readPreamble, refusalPreamble } from '../../src/protocol/error-response.ts';
import { FirstBytes } from '../../src/protocol/first-bytes.ts';
import { loginNames, startupBytes } from '../../src/protocol/login-names.ts';
import { startupMessage } from '../../src/protocol/login-messages.ts';
import { MessageGuard } from '../../src/protocol/message-guard.ts';
import { readRow } from '../../src/protocol/prepared-question.ts';
import { isPrintable, printable } from '../../src/protocol/printable.ts';
import { readScramChallenge } from '../../src/protocol/scram-challenge.ts';
import { findPassword } from '../../src/probe/passfile.ts';
import { row } from '../../scripts/lib/fuzz/answers.ts';
import { message, readError } from '../data/packets.ts';
import { rules } from '../cluster/scene.ts';

/** The same values each time; a failure prints the seed and the path to its own. */
const options = { seed: 20, numRuns: 300 } as const;
/** Well formed: half a pair has no bytes of its own. */
const text = (maxLength = 60) => fc.string({ unit: 'binary', maxLength });
const withoutZero = (maxLength?: number) => text(maxLength).map((said) => said.replaceAll('\0', ''));
const words = (maxLength?: number) => withoutZero(maxLength).filter((said) => said !== '');

function property<T>(name: string, values: fc.Arbitrary<T>, check: (value: T) => void): void {
  test(name, () => fc.assert(fc.property(values, check), options));
}

property(
  'names of a StartupMessage are read as they were written, as far as they fit',
  fc.record({ user: words(), database: words(), application_name: words() }),
  (names) => {
    const packet = new Uint8Array(startupMessage(names));
    assert.equal(startupBytes(packet), packet.length);
    const { user, database, application } = loginNames(packet);
    const shown = [names.user, names.database, names.application_name].map((name) => printable(name, 63));
    assert.deepEqual([user, database, application], shown);
    const first = new FirstBytes();
    first.append(packet);
    assert.equal(first.opening.kind, 'startup');
  },
);

property(
  'rows are read as they were written',
  fc.array(fc.option(text()), { maxLength: 20 }),
  (columns) => assert.deepEqual(readRow(Buffer.from(row(columns).subarray(5))), columns),
);

property(
  'messages are told in their order, however they are cut',
  fc.tuple(
    fc.array(fc.oneof(fc.constant('Z'), fc.constant('D'), fc.constant('E'), fc.constant('S')), {
      maxLength: 12,
    }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(fc.nat(60), { minLength: 1, maxLength: 20 }),
  ),
  ([types, body, sizes]) => {
    const all = Buffer.concat(types.map((type) => message(type, body)));
    const told: string[] = [];
    const guard = new MessageGuard({
      ready: () => told.push('Z'),
      error: () => told.push('E'),
      row: (got) => told.push(got.equals(body) ? 'D' : 'another row'),
      authentication: () => told.push('R'),
    });
    for (let at = 0, step = 0; at < all.length; step++) {
      const size = sizes[step % sizes.length]! + 1;
      guard.push(all.subarray(at, at + size));
      at += size;
    }
    assert.deepEqual(told, types.filter((type) => type !== 'S'));
  },
);

property(
  'refusals are read as they were written, also out of a preamble',
  fc.record({ message: words(), detail: words(), hint: words(), client: words(20) }),
  ({ client, ...fields }) => {
    const refusal = { sqlstate: '57P03', ...fields };
    const { M, D, H } = readError(errorResponse(refusal));
    assert.deepEqual([M, D, H], [fields.message, fields.detail, fields.hint]);
    const read = readPreamble(refusalPreamble(refusal, client, new Uint8Array(0)));
    assert.deepEqual([read.client, read.error], [client.replace(/^\ufeff/, ''), errorResponse(refusal)]);
  },
);

property(
  'passwords are found in a file that was written by the book',
  fc.record({ host: words(), database: words(), user: words(), password: words() }),
  (wanted) => {
    const line = (said: string) => said.replace(/[\r\n]/g, '_');
    const [host, database, user, password] = [wanted.host, wanted.database, wanted.user, wanted.password].map(
      line,
    ) as [string, string, string, string];
    const escaped = [host, '5432', database, user, password].map((field) =>
      field.replace(/[\\:*#]/g, '\\$&')
    );
    assert.equal(
      findPassword(`# first\n${escaped.join(':')}\r\n`, { host, port: '5432', database, user }),
      password,
    );
  },
);

property(
  'values in quotes are read from a file as they were written',
  text().map((said) => said.replace(/['\r\n\0]/g, '')),
  (said) => {
    const { values, problems } = readConfigFile('x.env', `A_NAME='${said}' # why\n`);
    assert.deepEqual([values[0]?.text, problems], [said, []]);
    const toml = readConfigFile('x.toml', `a-name = ${JSON.stringify(said).replaceAll('\x7f', '\\u007f')}\n`);
    assert.deepEqual([toml.values[0]?.text, toml.problems], [said, []]);
  },
);

property(
  'positions in the log are read as they were written',
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  (lsn) => {
    assert.equal(parseLsn(formatLsn(lsn)), lsn);
  },
);

property(
  'evidence is read as it was written, whatever its texts say',
  fc.record({
    reason: text(),
    name: text(),
    lsn: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    at: fc.integer({ min: -1_000_000, max: 1_000_000 }),
  }),
  ({ reason, name, lsn, at }) => {
    const isPosition = (said: string) => /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/.test(said);
    fc.pre(!isPosition(reason) && !isPosition(name));
    const candidate = { name, host: 'db1', port: 5432 };
    const answer = {
      ...{
        at,
        tookMs: 1,
        host: '192.0.2.1',
        port: 5432,
        system: '7',
        timeline: 1,
        startedAt: 'x',
        inRecovery: false,
        readOnly: false,
      },
      ...{ lsn, replayedLsn: lsn },
    };
    const file: EvidenceFile = {
      ...{
        program: 'pg_gateway',
        format: 1,
        version: '1',
        savedAt: '2020-01-01T00:00:00.000Z',
        clockMs: at,
        isMasked: false,
      },
      entries: [{
        at,
        rules,
        memory: { timeline: 1 } as never,
        observations: [{ candidate, answer, failures: 0 }],
        outcome: { rule: 'onlyClaimant' as never, splitBrain: false, reason, standings: ['primary'] },
      }],
    };
    assert.deepEqual(readEvidence(writeEvidence(file)), file);
  },
);

property(
  'what is shown of a text is fit for a line',
  fc.tuple(fc.string({ unit: 'binary' }), fc.integer({ min: 3, max: 70 })),
  ([said, most]) => {
    assert.ok(isPrintable(printable(said, most), most));
  },
);

property(
  'a challenge is read as RFC 5802 has it written',
  fc.tuple(
    fc.base64String({ minLength: 1, maxLength: 24 }),
    fc.uint8Array({ minLength: 1, maxLength: 32 }),
    fc.integer({ min: 1, max: 999_999 }),
  ),
  ([nonce, salt, rounds]) => {
    const said = `r=ours${nonce},s=${Buffer.from(salt).toString('base64')},i=${rounds}`;
    assert.deepEqual(readScramChallenge(said, 'ours'), {
      nonce: `ours${nonce}`,
      salt: Buffer.from(salt),
      rounds,
    });
  },
);
