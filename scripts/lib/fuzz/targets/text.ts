/** Texts of others: what is shown of them, passwords as SCRAM takes them, and lists of candidates and weights. */
import { parseCandidates } from '../../../../src/cluster/candidate.ts';
import { formatLsn, parseLsn } from '../../../../src/cluster/lsn.ts';
import { isPrintable, printable } from '../../../../src/protocol/printable.ts';
import { saslPrepared } from '../../../../src/protocol/saslprep.ts';
import { bytesOfText, must, mustEqual, type Target, textOf } from '../target.ts';

export const text: Target = {
  name: 'text',
  files: [
    'src/protocol/printable.ts',
    'src/protocol/saslprep.ts',
    'src/cluster/candidate.ts',
    'src/cluster/lsn.ts',
  ],
  seeds: bytesOfText(
    'plain',
    '\u{1f418}\u00a0\u00ad\u202e\u05d0a',
    'a\tb\x1b[2Jc\u2028',
    'db1,db2:5433,[::1]:5432,/run/postgresql,_pg._tcp.example.org',
    'postgres://db1:5432,db2/x',
  ),
  words: [
    '\u{10ffff}',
    '\ud83d',
    '\u05d0',
    '\u200b',
    '\u0301',
    '[',
    ']',
    ':',
    ',',
    '/',
    ':65535',
    ':0',
    '_',
    'srv+',
    '16/B374D848',
  ],
  share: 10,
  check(bytes) {
    // Two bytes a letter, so that halves of pairs come, too.
    const halves = String.fromCharCode(...bytes.subarray(0, 400).map((byte) => byte));
    const odd = Buffer.from(bytes.subarray(0, bytes.length & ~1)).toString('utf16le');
    for (const said of [textOf(bytes), halves, odd]) {
      for (const most of [3, 10, 63]) {
        const shown = printable(said, most);
        must(isPrintable(shown, most), `what is shown is fit for a line of ${most}`);
        mustEqual(printable(shown, most), shown, 'what is fit stays as it is');
      }
      const prepared = saslPrepared(said);
      must(
        /^[\0-\x7f]*$/.test(said) ? prepared === said : prepared.length <= 18 * said.length,
        'a password stays one',
      );
      const list = parseCandidates(said);
      if ('candidates' in list) {
        for (const { port } of list.candidates) {
          must(Number.isInteger(port) && port >= 0 && port <= 65_535, 'a port is a port');
        }
      } else must(list.problem !== '', 'a problem is told');
      if (/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/.test(said)) {
        mustEqual(parseLsn(formatLsn(parseLsn(said))), parseLsn(said), 'a position stays');
      }
    }
  },
};
