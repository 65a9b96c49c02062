/**
 * The conversation in which a client is refused, in a way that it can read: in clear text, or under TLS if it asked
 * for that. libpq throws away an error that comes before or in answer to its SSLRequest (since CVE-2024-10977).
 */
import type { Conn } from '../runtime/runtime.ts';
import {
  errorResponse,
  httpError,
  noSuchService,
  oldErrorResponse,
  tlsIsReady,
} from '../protocol/error-response.ts';
import type { Refusal } from './refusals.ts';
import type { FirstBytes } from '../protocol/first-bytes.ts';
import type { Opening } from '../protocol/opening.ts';
import { requestBytes } from '../protocol/startup.ts';

/** What it needs of its session. */
export interface RefusalExchangeHost {
  /** Connects to the server that refuses under TLS; the session pumps from then on. */
  connectRefusalServer(): void;
  /** There is nothing that can be said. */
  giveUp(): void;
  /** Closes without a word, as PostgreSQL does here. */
  hangUp(): void;
}

/** The answer to SSLRequest and GSSENCRequest, if it is not `tlsIsReady`. */
const no = Uint8Array.of('N'.charCodeAt(0));

export class RefusalExchange {
  readonly refusal: Refusal;
  /** Said in clear text: whatever else the client sends is dropped. */
  isSaid = false;
  /** The TLS server has taken the client. */
  isUnderTls = false;
  #isGssDeclined = false;
  readonly #client: Conn<unknown>;
  readonly #first: FirstBytes;
  readonly #host: RefusalExchangeHost;

  constructor(refusal: Refusal, client: Conn<unknown>, first: FirstBytes, host: RefusalExchangeHost) {
    this.refusal = refusal;
    this.#client = client;
    this.#first = first;
    this.#host = host;
  }

  /** Goes on with what the client has said so far. */
  answer(): void {
    switch (this.#first.opening.kind) {
      case 'incomplete':
        return;
      case 'gss':
        // The client goes on in this connection, with SSLRequest or its StartupMessage. PostgreSQL takes no second one
        // either, and a thousand of them at once would keep us busy for as long as a client likes.
        if (this.#isGssDeclined) return this.#host.giveUp();
        this.#isGssDeclined = true;
        this.#client.write(no);
        this.#first.skip(requestBytes);
        return this.answer();
      case 'ssl':
        // What came with the request came before there was TLS to protect it.
        if (this.#first.length > requestBytes) return this.#host.giveUp();
        this.#first.take();
        return this.#host.connectRefusalServer();
      case 'directTls':
        return this.#host.connectRefusalServer();
      case 'cancel':
      case 'unanswered':
        return this.#host.hangUp();
      default:
        return this.say();
    }
  }

  /** The TLS server has begun to speak, with `tlsIsReady`; returns what of its first bytes the client is to have. */
  tlsBegins(bytes: Uint8Array): Uint8Array {
    this.isUnderTls = true;
    return this.#first.opening.kind === 'ssl' ? bytes : bytes.subarray(tlsIsReady.length);
  }

  /** The TLS server is not there, or full: "N" lets a client of sslmode=prefer read the refusal in clear text. */
  tlsFailed(): void {
    if (this.#first.opening.kind !== 'ssl') return this.#host.giveUp();
    this.#client.write(no);
    this.#first.opening = { kind: 'incomplete' };
  }

  /** In clear text, whatever the client has said. */
  say(): void {
    const { opening } = this.#first;
    this.isSaid = true;
    this.#first.take();
    this.#client.resume();
    this.#client.write(inLanguageOf(opening, this.refusal));
    // Closing outright would send RST and throw the refusal away if the client has sent more than we read.
    this.#client.shutdown();
  }
}

/** What a client can read that has said this. */
function inLanguageOf(opening: Opening, refusal: Refusal): Uint8Array {
  if (opening.kind === 'unsupported' && opening.protocol >>> 16 < 3) return oldErrorResponse(refusal);
  if (opening.kind !== 'garbage') return errorResponse(refusal);
  if (opening.protocol === 'http') return httpError(refusal);
  return opening.protocol === 'tls' ? noSuchService : errorResponse(refusal);
}
