/**
 * The client's side of SCRAM-SHA-256 (RFC 5802 and 7677), as libpq has it. Both sides prove that they know the password, and
 * neither says it.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ScramChallenge } from '../protocol/scram-challenge.ts';

/** Random bytes in the nonce, as in libpq. */
const nonceBytes = 18;

export class Scram {
  readonly nonce = randomBytes(nonceBytes).toString('base64');
  #header: string;
  #binding: Buffer;
  #signature: Buffer | undefined;

  /**
   * `header` is what the client says of channel binding (`n,,`, `y,,` or `p=tls-server-end-point,,`), `binding` the data
   * for it.
   */
  constructor(header: string, binding: Buffer = Buffer.alloc(0)) {
    this.#header = header;
    this.#binding = binding;
  }

  /** The `client-first-message`. PostgreSQL takes the user of the startup packet, so here it is empty. */
  first(): string {
    return `${this.#header}${this.#bare()}`;
  }

  /** The `client-final-message`: what the challenge asks for, with its SaltedPassword. */
  proof(salted: Buffer, { nonce }: ScramChallenge, challengeText: string): string {
    const bound = Buffer.concat([Buffer.from(this.#header), this.#binding]).toString('base64');
    const withoutProof = `c=${bound},r=${nonce}`;
    const said = `${this.#bare()},${challengeText},${withoutProof}`;
    const clientKey = hmac(salted, 'Client Key');
    const clientSignature = hmac(createHash('sha256').update(clientKey).digest(), said);
    this.#signature = hmac(hmac(salted, 'Server Key'), said);
    const proof = clientKey.map((byte, at) => byte ^ clientSignature[at]!);
    return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
  }

  /** Whether the `server-final-message` shows that the server knows the password, too. */
  isProven(final: string): boolean {
    const signature = Buffer.from(/^v=([^,]*)/.exec(final)?.[1] ?? '', 'base64');
    return this.#signature?.length === signature.length && timingSafeEqual(this.#signature, signature);
  }

  #bare(): string {
    return `n=,r=${this.nonce}`;
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
