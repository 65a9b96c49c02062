/** The bytes that a client sends before it has a server: kept, bounded, and read. */
import { typeAt, word } from './framing.ts';
import type { Opening } from './opening.ts';
import { type ProxyHeader, readProxyHeader } from './proxy-header.ts';
import { maxStartupBytes, readOpening, tlsHandshake } from './startup.ts';

/** A client that waits for an answer has no more to say than its first packet, or a ClientHello. */
const mostBytes = 2 * maxStartupBytes;

const nothing = new Uint8Array(0);
const incomplete: Opening = { kind: 'incomplete' };
const headerExpected: ProxyHeader = { kind: 'incomplete' };
const noHeader: ProxyHeader = { kind: 'none' };

export class FirstBytes {
  /** What the first packet says, as far as it is there. */
  opening: Opening = incomplete;
  /** What stands before the first packet; `none` where nothing is expected there. It is forgotten once it is read. */
  header: ProxyHeader;
  #bytes: Uint8Array = nothing;

  /** With `expectsHeader` a PROXY header may come first, which is none of the client's bytes. */
  constructor(expectsHeader = false) {
    this.header = expectsHeader ? headerExpected : noHeader;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** More has come than is ever needed: the client should be paused. */
  get full(): boolean {
    return this.#bytes.length > mostBytes;
  }

  /**
   * Something is asked behind the StartupMessage, and not just to end: whoever says that in one go and half-closes wants
   * the answers. One that has no more to say than its first packet cannot even log in after its FIN.
   */
  get isAsking(): boolean {
    if (this.opening.kind !== 'startup') return false;
    const end = word(this.#bytes, 0);
    return this.#bytes.length > end && typeAt(this.#bytes, end) !== 'X';
  }

  /** It is TLS without SSLRequest, as far as it is there: nothing in clear text can be read by such a client. */
  get isTls(): boolean {
    return this.#bytes[0] === tlsHandshake;
  }

  /** All of them, to be read only. */
  get kept(): Uint8Array {
    return this.#bytes;
  }

  /** Copies `bytes`, which are borrowed, and reads what there is now. */
  append(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#bytes.length + bytes.length);
    all.set(this.#bytes);
    all.set(bytes, this.#bytes.length);
    this.#bytes = all;
    if (this.header.kind === 'incomplete') return this.#readHeader();
    if (this.opening.kind === 'incomplete') this.opening = readOpening(all);
  }

  /** Forgets the first ones, which were answered or are not the client's, and reads what follows them. */
  skip(count: number): void {
    this.#bytes = this.#bytes.slice(count);
    this.opening = readOpening(this.#bytes);
  }

  #readHeader(): void {
    this.header = readProxyHeader(this.#bytes);
    if (this.header.kind !== 'incomplete') this.skip('bytes' in this.header ? this.header.bytes ?? 0 : 0);
  }

  /** Hands over all of them and keeps none. What was read of them stays. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    this.#bytes = nothing;
    return bytes;
  }
}
