/** How a probe answers what a server asks until it lets the probe in. */
import { createHash } from 'node:crypto';
import { passwordMessage, saslInitialResponse, saslResponse } from '../protocol/login-messages.ts';
import { type Authentication, ProtocolError } from '../protocol/message-guard.ts';
import { saslPrepared } from '../protocol/saslprep.ts';
import { maxScramRounds, readScramChallenge } from '../protocol/scram-challenge.ts';
import { type ChannelBinding, endPointHash } from './channel-binding.ts';
import {
  type Asked,
  clearTextRefused,
  loginUnsupported,
  methodRefused,
  notPostgres,
  passwordWanted,
  scramTooCostly,
  unbound,
} from './failure.ts';
import type { AuthMethod } from './require-auth.ts';
import type { Salting, Saltings } from './saltings.ts';
import { Scram } from './scram.ts';

export interface LoginOptions {
  readonly asked: Asked;
  /** Undefined: there is none. */
  readonly password: string | undefined;
  /**
   * Whether the server is known to be the right one. Whoever took over the port or the path to it could ask for the
   * password, too.
   */
  isKnown(): boolean;
  readonly channelBinding: ChannelBinding;
  /** The methods that may be asked for; undefined: all. */
  readonly requireAuth?: readonly AuthMethod[] | undefined;
  isEncrypted(): boolean;
  /** The server's, DER; undefined without TLS. */
  certificate(): Buffer | undefined;
  readonly saltings: Pick<Saltings, 'add' | 'keep'>;
  /** Whether the server is still there to be answered. */
  isWanted(): boolean;
  /** What the server asked for: now, or later. */
  send(answer: Buffer): void;
}

const methods: Partial<Record<Authentication, AuthMethod>> = {
  clearText: 'password',
  md5: 'md5',
  sasl: 'scram-sha-256',
};

const plus = 'SCRAM-SHA-256-PLUS';

export class Login {
  readonly #options: LoginOptions;
  #scram: Scram | undefined;
  /** What its proof was made of. */
  #salted: { readonly from: Pick<Salting, 'password' | 'salt'>; readonly bytes: Buffer } | undefined;
  #isBound = false;
  #saysBinding = false;
  #isProven = false;
  #wasAsked = false;
  #isDone = false;

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  /** The server has asked for something. */
  get wasAsked(): boolean {
    return this.#wasAsked;
  }

  /** The server has let the probe in. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** The server checks now what the probe has said of channel binding. */
  get isBinding(): boolean {
    return this.#saysBinding && !this.#isDone;
  }

  /** Sends what is to be sent. Throws ProbeError for what is refused, ProtocolError for what PostgreSQL does not do. */
  answer(kind: Authentication, data: Buffer): void {
    if (this.#isDone) throw new ProtocolError('it goes on with the login after its end');
    if (kind === 'ok') return this.#finish();
    this.#wasAsked = true;
    this.#refuseMethod(methods[kind]);
    if (!kind.startsWith('sasl')) this.#refuseUnbound('does not ask for SCRAM');
    switch (kind) {
      case 'clearText':
        return this.#options.send(this.#clearText());
      case 'md5':
        return this.#options.send(this.#md5(data));
      case 'sasl':
        return this.#options.send(this.#beginScram(data.toString('latin1').split('\0')));
      case 'saslContinue':
        return this.#proveScram(data.toString('latin1'));
      case 'saslFinal':
        return this.#endScram(data.toString('latin1'));
      default:
        throw loginUnsupported(this.#options.asked);
    }
  }

  #finish(): void {
    if (this.#scram !== undefined && !this.#isProven) {
      throw new ProtocolError('it does not prove that it knows the password');
    }
    if (!this.#wasAsked) this.#refuseMethod('none');
    if (!this.#isBound) this.#refuseUnbound('does not ask for SCRAM');
    this.#isDone = true;
  }

  #refuseMethod(method: AuthMethod | undefined): void {
    const { requireAuth, asked } = this.#options;
    if (method && requireAuth?.includes(method) === false) throw methodRefused(method, requireAuth, asked);
  }

  #refuseUnbound(why: string): void {
    const { channelBinding, asked } = this.#options;
    if (channelBinding === 'require') throw unbound(why, asked);
  }

  #password(): string {
    const { password, asked } = this.#options;
    if (password === undefined) throw passwordWanted(asked);
    return password;
  }

  #clearText(): Buffer {
    const { isKnown, asked } = this.#options;
    const password = this.#password();
    if (!isKnown()) throw clearTextRefused(asked);
    return passwordMessage(password);
  }

  #md5(salt: Buffer): Buffer {
    const inner = md5(this.#password() + this.#options.asked.user);
    return passwordMessage(`md5${md5(Buffer.concat([Buffer.from(inner), salt]))}`);
  }

  #beginScram(mechanisms: readonly string[]): Buffer {
    if (this.#scram !== undefined) throw new ProtocolError('it begins SCRAM again');
    this.#password();
    const { channelBinding, certificate, isEncrypted, asked } = this.#options;
    const bytes = channelBinding === 'disable' ? undefined : certificate();
    const hash = bytes && endPointHash(bytes);
    this.#saysBinding = hash !== undefined;
    this.#isBound = hash !== undefined && mechanisms.includes(plus);
    if (this.#isBound) {
      this.#scram = new Scram('p=tls-server-end-point,,', hash);
      return saslInitialResponse(plus, this.#scram.first());
    }
    this.#refuseUnbound(
      !isEncrypted()
        ? 'is asked without TLS'
        : hash === undefined
        ? 'has a certificate that tells no hash to bind to (Ed25519, RSA-PSS)'
        : `offers no ${plus}`,
    );
    if (!mechanisms.includes('SCRAM-SHA-256')) throw loginUnsupported(asked);
    // "y" says that we would have bound: a server that did offer it knows then that somebody took it out.
    this.#scram = new Scram(hash === undefined ? 'n,,' : 'y,,');
    return saslInitialResponse('SCRAM-SHA-256', this.#scram.first());
  }

  #proveScram(text: string): void {
    const scram = this.#scram;
    if (scram === undefined) throw new ProtocolError('it sent a SCRAM challenge without offering SCRAM');
    const { asked, saltings, isWanted, send } = this.#options;
    const challenge = readScramChallenge(text, scram.nonce);
    if (challenge.rounds > maxScramRounds) throw scramTooCostly(asked);
    const from = { password: saslPrepared(this.#password()), salt: challenge };
    saltings.add({
      ...from,
      isWanted,
      done: (bytes) => {
        this.#salted = { from, bytes };
        send(saslResponse(scram.proof(bytes, challenge, text)));
      },
    });
  }

  #endScram(text: string): void {
    this.#isProven = this.#scram?.isProven(text) ?? false;
    if (!this.#isProven) throw notPostgres('its proof of the password is wrong', this.#options.asked);
    const { from, bytes } = this.#salted!;
    this.#options.saltings.keep(from.password, from.salt, bytes);
  }
}

function md5(data: string | Buffer): string {
  return createHash('md5').update(data).digest('hex');
}
