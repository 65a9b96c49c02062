/** Good answers of a server to the probe, in its messages. */
import {
  authenticationOk,
  bytesOf,
  message,
  parameterStatus,
  readyForQuery,
} from '../../../test/data/packets.ts';

export const good: readonly (string | null)[] = [
  't',
  't',
  '7000000000000000001',
  '3',
  '16/B374D848',
  '16/B374D800',
  '1700000000000000 5432 *',
  '10.0.0.1',
  '5432',
];

/** Stands for the nonce of the probe, which an input cannot know. */
export const nonce = '@NONCE@';

export function row(columns: readonly (string | null)[]): Uint8Array {
  const fields = columns.map((text) =>
    text === null ? bytesOf(2 ** 32 - 1) : bytesOf(new TextEncoder().encode(text).length, text)
  );
  return message('D', bytesOf(Uint8Array.of(columns.length >> 8, columns.length), ...fields));
}

export function asked(kind: number, data: string | Uint8Array = ''): Uint8Array {
  return message('R', bytesOf(kind, data));
}

const login = [
  authenticationOk,
  parameterStatus('client_encoding', 'UTF8'),
  message('K', bytesOf(1, 2)),
  readyForQuery,
];
const primary = ['f', 'f', ...good.slice(2, 4), good[4]!, good[4]!, good[6]!, null, null];

export const answers: readonly Uint8Array[] = [
  bytesOf(...login, row(good), message('C', bytesOf('SELECT 1\0')), readyForQuery),
  bytesOf(...login, message('1', bytesOf()), message('2', bytesOf()), row(primary), readyForQuery),
  bytesOf(
    asked(10, 'SCRAM-SHA-256\0\0'),
    asked(11, `r=${nonce}x,s=c2FsdA==,i=2`),
    asked(12, 'v=c2FsdA=='),
    ...login,
  ),
  bytesOf(asked(5, 'salt'), ...login),
  bytesOf(asked(3), ...login),
  bytesOf(
    ...login,
    message('E', bytesOf('SERROR\0C42501\0Mpermission denied for function pg_control_system\0\0')),
    readyForQuery,
  ),
  bytesOf(...login, row(['t']), readyForQuery),
  message('E', bytesOf('SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0')),
  message('N', bytesOf('SNOTICE\0Mhello\0\0')),
  row(good),
  row(primary),
  authenticationOk,
  readyForQuery,
  bytesOf('HTTP/1.1 400 Bad Request\r\n\r\n'),
];

export const answerWords: readonly (string | Uint8Array)[] = [
  ...[
    't',
    'f',
    '0/0',
    'FFFFFFFF/FFFFFFFF',
    '-9223372036854775808',
    '18446744073709551615',
    '4294967295',
    '4294967296',
    '1e3',
  ],
  ...[
    '\x1b]0;x\x07',
    '\u2028',
    '\u202e',
    `r=${nonce}`,
    ',i=250001',
    ',i=0',
    'SCRAM-SHA-256-PLUS\0',
    'C28000\0',
    'C53300\0',
    'M\0',
  ],
  ...[
    bytesOf(2 ** 32 - 1),
    bytesOf(2 ** 32 - 2),
    bytesOf(2 ** 31),
    readyForQuery,
    authenticationOk,
    asked(11, `r=${nonce}y,s=AA==,i=1`),
  ],
  ...[
    asked(9),
    asked(10, 'SCRAM-SHA-256\0\0'),
    asked(12, 'v='),
    row([null]),
    new Uint8Array(20_000).fill(0x53),
  ],
];
