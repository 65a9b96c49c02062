/**
 * One connection to one server: TCP, TLS where it is wanted, and the guard. No package has a way to destroy a connection at
 * once in every state, so the socket and its end are ours.
 */
import { codeOf } from '../errors.ts';
import { Attempts } from '../runtime/attempts.ts';
import { after } from '../runtime/clock.ts';
import { isShortage, netError } from '../runtime/net-error.ts';
import { openTcp, peerCertificate, startTls } from '../runtime/tcp.ts';
import type { TcpSocket, TlsTrust } from '../runtime/tcp.ts';
import {
  disconnected,
  isOfTls,
  notPostgres,
  ProbeError,
  serverFailure,
  socketFailure,
  tlsFailure,
} from './failure.ts';
import type { Asked, ServerError } from './failure.ts';
import { MessageGuard, ProtocolError } from '../protocol/message-guard.ts';
import type { Authentication } from '../protocol/message-guard.ts';

/** `offer` goes on in clear text if the server has no TLS; `insist` does not. */
export type Encryption = 'plain' | 'offer' | 'insist';

export interface ProbeConnectionOptions {
  /** Numeric. */
  readonly host: string;
  readonly port: number;
  /** The name that a certificate must bear. */
  readonly serverName: string;
  readonly encryption: Encryption;
  readonly trust: TlsTrust;
  readonly asked: Asked;
}

export interface ProbeConnectionEvents {
  /** ReadyForQuery: logged in, or done with a query. */
  ready(): void;
  /** DataRow. What it throws ends the connection. */
  row(body: Buffer): void;
  /** ErrorResponse; likewise. */
  error(said: ServerError): void;
  /** What the server asks of the login, or that it is done; likewise. */
  authentication(kind: Authentication, data: Buffer): void;
  /** The connection is gone, and why: a ProbeError, or an exception of our own; once, and not after `destroy`. */
  ended(error: Error): void;
}

const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

export class ProbeConnection {
  /** Whether the server has sent anything since this was last set to false. */
  heard = false;
  /** Whether TLS has been begun. */
  isEncrypted = false;
  #options: ProbeConnectionOptions;
  #events: ProbeConnectionEvents;
  #guard: MessageGuard;
  #attempts: Attempts<TcpSocket> | undefined;
  #tcp: TcpSocket | undefined;
  #tls: TcpSocket | undefined;
  #over = false;
  #begun: TcpSocket | undefined;
  /** PostgreSQL says why before it closes. */
  #lastError: ServerError | undefined;

  constructor(options: ProbeConnectionOptions, events: ProbeConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#guard = new MessageGuard({
      ready: () => {
        this.#lastError = undefined;
        events.ready();
      },
      row: (body) => events.row(body),
      error: (fields) => {
        this.#lastError = { sqlstate: fields.get('C') ?? '', message: fields.get('M') ?? '' };
        events.error(this.#lastError);
      },
      authentication: (kind, data) => events.authentication(kind, data),
    });
  }

  /** Connects; `connected` is called as soon as PostgreSQL's own protocol may begin. */
  open(connected: () => void): void {
    if (this.#over) return;
    const attempt = () => this.#attempt(connected);
    this.#attempts = new Attempts({ after }, attempt(), attempt, (tcp) => tcp.destroy());
  }

  /** It has ended, or was destroyed. */
  get isOver(): boolean {
    return this.#over;
  }

  /** The server's, DER; undefined without TLS. */
  get certificate(): Buffer | undefined {
    return this.#tls && peerCertificate(this.#tls);
  }

  send(bytes: Buffer): void {
    if (!this.#over) this.#begun?.write(bytes);
  }

  /** Frees the socket at once, in whatever state it is. */
  destroy(): void {
    this.#over = true;
    this.#attempts?.end();
    this.#tls?.destroy();
    this.#tcp?.destroy();
  }

  #attempt(connected: () => void): TcpSocket {
    const tcp = openTcp(this.#options);
    const on = this.#guarded.bind(this);
    tcp.once(
      'connect',
      on(() => {
        if (!this.#attempts?.won(tcp)) return;
        this.#tcp = tcp;
        if (this.#options.encryption === 'plain') this.#begin(tcp, connected);
        else this.#negotiate(tcp, connected);
      }),
    );
    const isOver = (error?: Error): boolean =>
      tcp === this.#tcp ||
      this.#attempts?.lost(tcp, error !== undefined && isShortage(netError(error))) === true;
    tcp.on(
      'error',
      on((error: Error) => {
        if (isOver(error)) this.#end(socketFailure(error, this.#options.asked));
      }),
    );
    const ended = on(() => {
      if (isOver()) this.#end(disconnected(this.#options.asked));
    });
    tcp.on('end', ended);
    tcp.on('close', ended);
    return tcp;
  }

  #negotiate(tcp: TcpSocket, connected: () => void): void {
    const { encryption, asked } = this.#options;
    tcp.once(
      'data',
      this.#guarded((answer: Buffer) => {
        if (this.#over) return;
        this.heard = true;
        const text = answer.toString('latin1', 0, 20);
        // More than the one letter would be bytes that an attacker put in front of the encrypted ones (CVE-2021-23222).
        if (text === 'S') this.#secure(tcp, connected);
        else if (text === 'N' && encryption === 'offer') this.#begin(tcp, connected);
        else if (text === 'N') this.#end(withoutTls(asked, 'has no TLS'));
        else if (text.startsWith('E')) {
          this.#end(withoutTls(asked, 'answered the request for TLS with an error'));
        } else this.#end(notPostgres(`it answered the request for TLS with ${JSON.stringify(text)}`, asked));
      }),
    );
    tcp.write(sslRequest);
  }

  #secure(tcp: TcpSocket, connected: () => void): void {
    let secure = false;
    this.isEncrypted = true;
    const fail = (error: unknown) => {
      const onSocket = codeOf(error) === 'ECONNRESET' || (secure && !isOfTls(error));
      this.#end((onSocket ? socketFailure : tlsFailure)(error, this.#options.asked));
    };
    try {
      const tls = this.#tls = startTls(tcp, this.#options.serverName, this.#options.trust);
      tls.once(
        'secureConnect',
        this.#guarded(() => {
          secure = true;
          if (!this.#over) this.#begin(tls, connected);
        }),
      );
      tls.on('error', this.#guarded(fail));
      const ended = this.#guarded(() => this.#end(disconnected(this.#options.asked)));
      tls.on('end', ended);
      tls.on('close', ended);
    } catch (error) {
      fail(error);
    }
  }

  #begin(socket: TcpSocket, connected: () => void): void {
    if (this.#over) return;
    this.#begun = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    connected();
  }

  #take(bytes: Buffer): void {
    if (this.#over) return;
    this.heard = true;
    try {
      this.#guard.push(bytes);
    } catch (error) {
      if (error instanceof ProbeError) this.#end(error);
      else if (error instanceof ProtocolError) this.#end(notPostgres(error.message, this.#options.asked));
      else this.#end(notPostgres('its messages make no sense', this.#options.asked));
    }
  }

  /** What a handler throws is a fault of our own, and a failed probe: no socket of a probe is the end of the program. */
  #guarded<A extends readonly unknown[]>(handler: (...of: A) => void): (...of: A) => void {
    return (...of) => {
      try {
        handler(...of);
      } catch (error) {
        this.#end(error instanceof Error ? error : new Error(String(error)));
      }
    };
  }

  #end(error: Error): void {
    if (this.#over) return;
    const said = this.#lastError;
    const gone = error instanceof ProbeError && error.kind === 'disconnected' && said !== undefined;
    this.destroy();
    this.#events.ended(gone ? serverFailure(said, this.#options.asked) : error);
  }
}

function withoutTls(asked: Asked, what: string): ProbeError {
  const message =
    `${what} at ${asked.address}, and PGSSLMODE asks for it: set ssl = on there, or PGSSLMODE=prefer for the gateway`;
  return new ProbeError('untrusted', message, { isTlsRefused: true });
}
