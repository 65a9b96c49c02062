/** What a server says of itself while a client logs in: any split of it is read the same. */
import { LoginScan } from '../../../../src/protocol/login-scan.ts';
import { isReady } from '../../../../src/protocol/ready.ts';
import {
  authenticationOk,
  bytesOf,
  message,
  parameterStatus,
  readyForQuery,
} from '../../../../test/data/packets.ts';
import { must, mustEqual, type Target } from '../target.ts';

export const loginScan: Target = {
  name: 'login-scan',
  files: ['src/protocol/login-scan.ts', 'src/protocol/ready.ts', 'src/protocol/framing.ts'],
  seeds: [
    authenticationOk,
    bytesOf(
      authenticationOk,
      parameterStatus('client_encoding', 'UTF8'),
      parameterStatus('in_hot_standby', 'on'),
      readyForQuery,
    ),
    bytesOf('NN', authenticationOk, parameterStatus('in_hot_standby', 'off'), readyForQuery),
    bytesOf(message('v', new Uint8Array(8)), message('R', bytesOf(10, 'SCRAM-SHA-256\0\0'))),
    parameterStatus('in_hot_standby', 'on'),
    parameterStatus('server_version', '18.4'),
    message('K', bytesOf(1, 2)),
    message('E', bytesOf('SFATAL\0C57P03\0Mstarting\0\0')),
    readyForQuery,
  ],
  words: [
    'N',
    'S',
    'R',
    'in_hot_standby\0on\0',
    'in_hot_standby\0off\0',
    readyForQuery,
    parameterStatus('in_hot_standby', 'on'),
  ],
  share: 20,
  check(bytes, pieces) {
    const whole = readIn([bytes]);
    mustEqual(readIn(pieces), whole, 'pieces are read as the whole is');
    if (typeof whole === 'number') {
      must(whole > 0 && whole <= bytes.length, 'the report ends within what was read');
    }
    isReady(bytes);
  },
};

/** Where the report ends, from the start of all. */
function readIn(pieces: readonly Uint8Array[]): number | string {
  const scan = new LoginScan();
  let from = 0;
  for (const piece of pieces) {
    const reading = scan.read(piece);
    if (reading === 'done') return reading;
    if (reading !== 'more') return from + reading.standbyAt;
    from += piece.length;
  }
  return 'more';
}
