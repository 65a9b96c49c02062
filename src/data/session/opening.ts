/** Collects the first packet. */
import type { ProxyOutcome } from '../../contract/counters.ts';
import type { Opening as Reading } from '../../protocol/opening.ts';
import { halfPacket, type LastWords, notUnderstood, type Refusal, unsupportedProtocol } from '../refusals.ts';
import { malformedHeader, missingHeader, untrustedClient, untrustedHeader } from '../proxy-refusals.ts';
import { SessionState, type StatefulSession } from './state.ts';

export class Opening extends SessionState {
  constructor(session: StatefulSession) {
    super(session);
    this.after(session.host.settings.startupTimeoutMs, () => this.#timedOut());
  }

  get name(): 'opening' {
    return 'opening';
  }

  override clientData(bytes: Uint8Array): void {
    const { session } = this;
    // Its close is on its way.
    if (session.pending!.headerTerms.rule === 'gone') return;
    const { opening, header } = this.keep(bytes);
    if (header.kind === 'malformed') {
      return this.#headerRefused('proxyMalformed', malformedHeader(header.why));
    }
    switch (opening.kind) {
      case 'incomplete':
        return;
      case 'unanswered':
        return session.hangUp('refused');
      case 'unsupported':
        return void session.refuse(unsupportedProtocol(opening.protocol));
      case 'garbage':
        return this.#notUnderstood(opening);
      default:
        this.#admit();
    }
  }

  #admit(): void {
    const { session } = this;
    const { headerTerms: { rule, peer }, first } = session.pending!;
    if (rule === 'barred') return this.#headerRefused('proxyUntrusted', untrustedClient(peer));
    if (rule === 'needed' && first.header.kind === 'none') {
      return this.#headerRefused('proxyMissing', missingHeader);
    }
    if (session.host.limits.identified(session)) session.host.admit(session);
  }

  override clientEnd(): void {
    this.session.hangUp('clientClosed');
  }

  /** Once it has said how it wants to be told. */
  override gatewayEnds({ waiting }: LastWords): void {
    this.session.host.shutOut(this.session, waiting);
  }

  #notUnderstood(reading: Extract<Reading, { kind: 'garbage' }>): void {
    const { session } = this;
    const { headerTerms: { rule, peer }, first } = session.pending!;
    // Then the client itself reads why, in its own way.
    if (reading.headerBytes !== undefined) first.skip(reading.headerBytes);
    if (reading.protocol === 'proxy' && rule !== 'off') {
      // A trusted one was read already.
      if (first.header.kind === 'header') {
        return this.#headerRefused(
          'proxyMalformed',
          malformedHeader('a second header follows the first one'),
        );
      }
      return this.#headerRefused('proxyUntrusted', untrustedHeader(peer));
    }
    const refusal = notUnderstood(reading);
    session.host.notUnderstood(session, reading.protocol, refusal);
    session.refuse(refusal);
  }

  #headerRefused(outcome: ProxyOutcome, refusal: Refusal): void {
    const { session } = this;
    session.host.notUnderstood(session, outcome, refusal);
    session.refuse(refusal);
  }

  #timedOut(): void {
    const { session } = this;
    // A port check says nothing and expects nothing; half a ClientHello is closed by PostgreSQL, too.
    const { first } = session.pending!;
    if (first.length === 0 || first.isTls) return session.hangUp('startupTimeout');
    session.refuse(halfPacket(session.host.settings.startupTimeoutMs)).say();
  }
}
