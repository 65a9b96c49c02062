/** Answers of a name server: what becomes a candidate is an address or the name of a host, whatever the records say. */
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { codeOf } from '../../../../src/errors.ts';
import { resolverBy } from '../../../../src/probe/resolver.ts';
import { must, type Target } from '../target.ts';
import { bytesOf } from '../../../../test/data/packets.ts';

/** A name of so many labels as an answer writes it. */
const labels = (...names: readonly string[]) =>
  bytesOf(...names.flatMap((name) => [Uint8Array.of(name.length), name]), Uint8Array.of(0));
const record = (type: number, data: Uint8Array) =>
  bytesOf(Uint8Array.of(0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 0, data.length >> 8, data.length), data);
const srv = (port: number, ...names: readonly string[]) =>
  record(33, bytesOf(Uint8Array.of(0, 1, 0, 1, port >> 8, port), labels(...names)));

let answer: Uint8Array = new Uint8Array(0);
let server: Promise<Socket> | undefined;

/** The question comes back; after it stands the answer, whose first byte is the number of records that it is said to have. */
function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4').once('error', reject);
    socket.on('message', (query, { port, address }) => {
      const [count = 0] = answer;
      const end = query.indexOf(0, 12) + 5;
      const head = Uint8Array.of(query[0]!, query[1]!, 0x85, 0x80, 0, 1, 0, count % 8, 0, 0, 0, 0);
      socket.send(Buffer.concat([head, query.subarray(12, end), answer.subarray(1, 1_200)]), port, address);
    });
    socket.bind(0, '127.0.0.1', () => resolve(socket));
  });
}

export const dns: Target = {
  name: 'dns',
  files: ['src/probe/resolver.ts'],
  seeds: [
    bytesOf(Uint8Array.of(1), srv(5432, 'db1', 'example')),
    bytesOf(Uint8Array.of(3), srv(5432, 'db1'), srv(0, 'db2'), srv(5433, 'DB-3', 'x')),
    bytesOf(Uint8Array.of(1), srv(5432)),
    bytesOf(Uint8Array.of(2), srv(5432, 'a b,c'), srv(5432, '\x1b[2J')),
    bytesOf(Uint8Array.of(1), record(1, Uint8Array.of(10, 0, 0, 1))),
    bytesOf(Uint8Array.of(1), record(28, new Uint8Array(16).fill(1))),
    Uint8Array.of(0),
  ],
  words: [
    srv(1, 'x'),
    srv(65_535, '..'),
    labels('a'.repeat(63)),
    Uint8Array.of(0xc0, 0x0c),
    Uint8Array.of(0, 33),
    Uint8Array.of(0, 1),
    '\n',
    '\0',
    ',',
    '@',
    '/',
  ],
  share: 0.02,
  mostBytes: 1_000,
  isNodeOnly: true,
  async check(bytes) {
    answer = bytes;
    const { port } = (await (server ??= open())).address();
    const resolver = resolverBy([`127.0.0.1:${port}`]);
    const [targets, addresses] = await Promise.allSettled([
      resolver.targets('_pg._tcp.example'),
      resolver.addresses('db.example'),
    ]);
    for (const answer of [targets, addresses]) {
      if (answer.status === 'fulfilled') must(answer.value.length > 0, 'an answer has something in it');
      else must(codeOf(answer.reason) !== '', `a failure has a code: ${String(answer.reason)}`);
    }
    for (const target of targets.status === 'fulfilled' ? targets.value : []) {
      must(/^[a-z0-9_-][a-z0-9_.-]{0,252}$/.test(target.host), 'a host is a name');
      must(target.port > 0 && target.port <= 65_535, 'a port is a port');
    }
    for (const address of addresses.status === 'fulfilled' ? addresses.value : []) {
      must(isIP(address) > 0, 'an address is one');
    }
  },
  async close() {
    (await server)?.close();
    server = undefined;
  },
};
