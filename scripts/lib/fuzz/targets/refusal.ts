/** Refusals as they are written and read, of any text; and a server's first bytes, which may turn a client away. */
import {
  errorResponse,
  httpError,
  oldErrorResponse,
  readPreamble,
  refusalPreamble,
  saysNotNow,
} from '../../../../src/protocol/error-response.ts';
import { readFields } from '../../../../src/protocol/framing.ts';
import {
  authenticationOk,
  bytesOf,
  message,
  parameterStatus,
  readError,
} from '../../../../test/data/packets.ts';
import { bytesOfText, must, mustEqual, type Target, textOf } from '../target.ts';

/** libpq gives up on a longer one. */
const longest = 30_000;
const notNow = message('E', bytesOf('SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0'));

export const refusal: Target = {
  name: 'refusal',
  files: ['src/protocol/error-response.ts'],
  seeds: [
    notNow,
    bytesOf(authenticationOk, parameterStatus('in_hot_standby', 'on'), message('E', bytesOf('C57P01\0\0'))),
    ...bytesOfText('there is no primary', '\u{1f418}'.repeat(3_000), 'a\0b'),
  ],
  words: ['C57P03\0', 'C57P01\0', '\u{1f418}', '\ud800', '\0', notNow, authenticationOk],
  share: 10,
  mostBytes: 20_000,
  check(bytes) {
    if (saysNotNow(bytes)) must(textOf(bytes).includes('C57P0'), 'only these two codes turn a client away');
    const text = textOf(bytes);
    const refused = { sqlstate: '57P03', message: text, detail: text, hint: text };
    const said = errorResponse(refused);
    must(said.length <= longest, 'libpq takes it');
    const { C, M = '', D, H } = readError(said);
    mustEqual([C, D ?? '', H ?? ''], ['57P03', M, M], 'all of it can be read');
    mustEqual(readFields(said.subarray(5)).get('M'), M, 'we read what others read');
    const clean = text.replaceAll('\0', '?');
    must(
      M === clean || (M.endsWith(' ...') && clean.startsWith(M.slice(0, -4))),
      'it is the text, or its beginning',
    );
    must(saysNotNow(said) === (said.length <= 2_000), 'ours is known as what it is');
    must(oldErrorResponse(refused).at(-1) === 0 && httpError(refused).length > 0, 'others can read it');
    const { client, error } = readPreamble(
      refusalPreamble(refused, '192.0.2.1:40000', bytes).subarray(0, 4 + 16 + said.length),
    );
    mustEqual([client, error], ['192.0.2.1:40000', said], 'the refusal server reads what was written');
  },
};
