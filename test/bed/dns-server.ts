/** A name server on 127.0.0.1 that answers over UDP from a table; gone after `close`. */
import { createSocket } from 'node:dgram';
import { isIPv4 } from 'node:net';

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly name: string;
}

/** By name in lower case: addresses of both families, or SRV records. */
export type Zone = Record<string, readonly (string | SrvRecord)[]>;

export type Mood = 'answers' | 'fails' | 'hangs';

export interface DnsServer {
  /** For DNS_SERVERS. */
  readonly address: string;
  /** What it knows; tests change it. */
  readonly zone: Zone;
  mood: Mood;
  /** Questions so far. */
  asked(): number;
  close(): void;
}

const types = { a: 1, aaaa: 28, srv: 33 };
const codes = { none: 0, serverFailure: 2, noSuchName: 3 };

export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (query, { port, address }) => {
    asked += 1;
    if (server.mood === 'hangs') return;
    socket.send(answerTo(query, server.mood === 'fails' ? undefined : server.zone), port, address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', resolve);
  });
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    zone,
    mood: 'answers',
    asked: () => asked,
    close: () => socket.close(),
  };
  return server;
}

/** A whole answer to a query with one question (RFC 1035); without a zone, a failure. */
function answerTo(query: Buffer, zone: Zone | undefined): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at++] ?? 0; length > 0; length = query[at++] ?? 0) {
    labels.push(query.toString('latin1', at, at += length));
  }
  const type = query.readUInt16BE(at);
  const known = zone?.[labels.join('.').toLowerCase()];
  const records = (known ?? []).filter((record) => typeOf(record) === type);
  const code = zone === undefined ? codes.serverFailure : known ? codes.none : codes.noSuchName;
  // A response with authority, recursion desired and available; one question, no authorities, no additional records.
  const header = Buffer.concat([query.subarray(0, 2), int16(0x8580 | code, 1, records.length, 0, 0)]);
  const question = query.subarray(12, at + 4);
  return Buffer.concat([header, question, ...records.map((record) => resource(type, dataOf(record)))]);
}

function typeOf(record: string | SrvRecord): number {
  return typeof record !== 'string' ? types.srv : isIPv4(record) ? types.a : types.aaaa;
}

/** The name is that of the question, at offset 12; class IN, no seconds to live. */
function resource(type: number, data: Buffer): Buffer {
  return Buffer.concat([int16(0xc00c, type, 1, 0, 0, data.length), data]);
}

function dataOf(record: string | SrvRecord): Buffer {
  if (typeof record !== 'string') {
    const { priority, weight, port, name } = record;
    const labels = name.split('.').filter((label) => label !== '');
    const encoded = labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
    return Buffer.concat([int16(priority, weight, port), ...encoded, Buffer.from([0])]);
  }
  if (isIPv4(record)) return Buffer.from(record.split('.').map(Number));
  const [head = '', tail] = record.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const groups = [...head, ...Array(8 - head.length - (tail?.length ?? 0)).fill('0'), ...tail ?? []];
  return int16(...groups.map((group) => parseInt(group, 16)));
}

function int16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, place) => bytes.writeUInt16BE(value, 2 * place));
  return bytes;
}
