/**
 * Whether a ClientHello asks for PostgreSQL, by its ALPN extension (RFC 8446 section 4, RFC 7301). Without SSLRequest every
 * server refuses one that does not offer `postgresql`: 17 and later want it ("TLS without SSLRequest", protocol-flow), older
 * ones know no such TLS. What is not plain is for the server to judge.
 */

export type HelloReading = 'incomplete' | 'postgresql' | 'other' | 'unclear';

const headBytes = 5;
/** Before the length of the message: the record's head, and its type. */
const lengthAt = headBytes + 1;
const bodyAt = headBytes + 4;
const mostRecordBytes = 2 ** 14;
/** The version and the random number. */
const fixedBytes = 34;
const alpn = 16;
const postgresql = 'postgresql';

/** `bytes` begin with a handshake record whose first message is a ClientHello: see `readOpening`. */
export function readClientHello(bytes: Uint8Array): HelloReading {
  if (bytes.length < bodyAt) return 'incomplete';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const recordBytes = view.getUint16(headBytes - 2);
  const messageBytes = view.getUint32(lengthAt - 1) & 0xff_ffff;
  // In several records, or with something behind it: no client of PostgreSQL does that, and a server may take it.
  if (recordBytes > mostRecordBytes || recordBytes !== 4 + messageBytes) return 'unclear';
  if (bytes.length < headBytes + recordBytes) return 'incomplete';
  const names = namesIn(new Fields(bytes.subarray(bodyAt, headBytes + recordBytes)));
  if (names === undefined) return 'unclear';
  return names.includes(postgresql) ? 'postgresql' : 'other';
}

/** The protocols that it offers; undefined: it is malformed. */
function namesIn(body: Fields): readonly string[] | undefined {
  body.skip(fixedBytes);
  body.vector(1); // the session
  body.vector(2); // the ciphers
  body.vector(1); // the compressions
  const names: string[] = [];
  const extensions = body.isAtEnd ? undefined : body.vector(2);
  while (extensions !== undefined && !extensions.isAtEnd) {
    const type = extensions.number(2);
    const extension = extensions.vector(2);
    if (type !== alpn) continue;
    const list = extension.vector(2);
    while (!list.isAtEnd) names.push(list.vector(1).text);
    if (list.isBroken || extension.isBroken || !extension.isAtEnd) return undefined;
  }
  return body.isBroken || !body.isAtEnd || extensions?.isBroken ? undefined : names;
}

/** Reads fields one after the other. Once a length leads beyond the end it is broken, at its end, and gives nothing any more. */
class Fields {
  isBroken = false;
  #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#bytes.length === 0;
  }

  get text(): string {
    return String.fromCharCode(...this.#bytes);
  }

  skip(count: number): void {
    this.#take(count);
  }

  number(bytes: number): number {
    return this.#take(bytes).reduce((number, byte) => number * 256 + byte, 0);
  }

  /** Bytes behind their length, which is a number of so many bytes. */
  vector(lengthBytes: number): Fields {
    return new Fields(this.#take(this.number(lengthBytes)));
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length) {
      this.isBroken = true;
      this.#bytes = this.#bytes.subarray(this.#bytes.length);
      return this.#bytes;
    }
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }
}
