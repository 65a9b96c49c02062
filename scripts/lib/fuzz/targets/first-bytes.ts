/** What a client says before it has a server: any split of it is read the same, and no name out of it can harm a line of ours. */
import { Logins } from '../../../../src/data/logins.ts';
import { FirstBytes } from '../../../../src/protocol/first-bytes.ts';
import { loginNames, startupBytes } from '../../../../src/protocol/login-names.ts';
import { isPrintable } from '../../../../src/protocol/printable.ts';
import { maxStartupBytes } from '../../../../src/protocol/startup.ts';
import * as packets from '../../../../test/data/packets.ts';
import { must, mustEqual, type Target } from '../target.ts';

const longestName = 63;

export const firstBytes: Target = {
  name: 'first-bytes',
  files: [
    'src/protocol/startup.ts',
    'src/protocol/first-bytes.ts',
    'src/protocol/client-hello.ts',
    'src/protocol/other-protocols.ts',
    'src/protocol/login-names.ts',
    'src/data/logins.ts',
  ],
  seeds: [
    packets.startup,
    packets.firstPacket(
      packets.protocol30 + 2,
      packets.bytesOf('user\0anna\0_pq_.x\0on\0application_name\0\u{1f418}\0\0'),
    ),
    packets.firstPacket(0x0002_0000, packets.bytesOf('old')),
    packets.firstPacket(packets.protocol30, new Uint8Array(maxStartupBytes - 8).fill(0x61)),
    packets.sslRequest,
    packets.gssRequest,
    packets.cancelRequest(),
    packets.cancelRequest(256),
    packets.clientHello,
    packets.clientHelloFor(),
    packets.clientHelloFor('postgresql'),
    packets.clientHelloFor('h2', 'http/1.1'),
    packets.proxyText,
    packets.proxyBinary,
    packets.terminate,
    packets.bytesOf('GET / HTTP/1.1\r\nHost: db\r\n\r\n'),
    packets.bytesOf('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    packets.bytesOf('SSH-2.0-OpenSSH_9.2\r\n'),
  ],
  words: [
    ...[
      'user\0',
      'database\0',
      'application_name\0',
      '\0\0',
      'postgresql',
      'PROXY ',
      'PROXY UNKNOWN\r\n',
      '\r\n',
      'HEAD ',
      'X',
    ],
    ...['\u202e', '\x1b[2J', '\u2028'],
    ...[packets.sslRequest, packets.gssRequest, packets.counted(2, packets.bytesOf('\0\x0cpostgresql'))],
    ...[
      Uint8Array.of(0, 16),
      Uint8Array.of(0, 3, 0, 0),
      Uint8Array.of(0x16, 3, 1),
      Uint8Array.of(4, 0xd2, 0x16, 0x2e),
    ],
  ],
  share: 20,
  mostBytes: 24_000,
  check(bytes, pieces) {
    const whole = new FirstBytes();
    whole.append(bytes);
    const parts = new FirstBytes();
    for (const piece of pieces) parts.append(piece);
    for (let layers = 0;; layers++) {
      mustEqual(parts.opening, whole.opening, 'pieces are read as the whole is');
      mustEqual(
        [parts.length, parts.isTls, parts.isAsking],
        [whole.length, whole.isTls, whole.isAsking],
        'pieces say what the whole says',
      );
      must(
        !whole.full || whole.opening.kind !== 'incomplete',
        'who has said more than is ever needed is answered',
      );
      const { opening } = whole;
      if (opening.kind === 'startup') checkNames(whole.kept);
      if (opening.kind === 'garbage') {
        must(isPrintable(opening.why, 200), 'what a client is told is one line');
      }
      const skipped = opening.kind === 'ssl' || opening.kind === 'gss'
        ? 8
        : opening.kind === 'garbage'
        ? opening.headerBytes
        : undefined;
      if (skipped === undefined || layers > 8) return;
      must(skipped > 0 && skipped <= whole.length, 'no more is skipped than there is');
      whole.skip(skipped);
      parts.skip(skipped);
    }
  },
};

function checkNames(bytes: Uint8Array): void {
  const length = startupBytes(bytes);
  must(length >= 8 && length <= bytes.length, 'a StartupMessage that is there has a length');
  const names = loginNames(bytes.subarray(0, length));
  for (const name of Object.values(names)) {
    must(name === undefined || isPrintable(name, longestName), 'a name is fit for a line');
  }
  const logins = new Logins();
  mustEqual(logins.of(bytes), names, 'names are those of the packet');
  mustEqual(logins.of(bytes), names, 'a packet that is known says the same again');
}
