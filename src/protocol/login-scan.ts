/**
 * What a server says of itself while a client logs in, as it passes by in clear text. Only one thing is looked for:
 * whether it is a standby, which PostgreSQL reports since version 14 as the parameter `in_hot_standby`.
 *
 * Facts from PostgreSQL's "Message Formats" (protocol-message-formats): a message is a type byte and a length word that
 * counts itself; ParameterStatus is `S`, a name and a value; the login ends with ReadyForQuery, `Z`. Before that, an
 * SSLRequest or GSSENCRequest is answered by one byte: `N` for no, anything else means that nothing is to be seen here.
 */

import { bodyBytes, headBytes } from './framing.ts';

export type ScanResult =
  /** Too little to say. */
  | 'more'
  /** Nothing more is to be learnt: it is no standby, or does not say so, or speaks TLS. */
  | 'done'
  /** It is a standby; so many bytes of what was read belong to that report and to what came before it. */
  | { readonly standbyAt: number };

const code = (letter: string): number => letter.charCodeAt(0);
const [authentication, parameter, ready, error, no] = ['R', 'S', 'Z', 'E', 'N'].map(code);
/** NegotiateProtocolVersion, which may come first. */
const negotiate = code('v');

const standbyReport = new TextEncoder().encode('in_hot_standby\0on\0');

export class LoginScan {
  readonly #head = new Uint8Array(headBytes);
  /** How many bytes of the head of a message are there. */
  #got = 0;
  /** How many bytes of its body are still to come. */
  #left = 0;
  /** How many of them are as in `standbyReport` so far; -1: this message is another one. */
  #matched = -1;
  /** A message has come: single bytes are no answers any more. */
  #isTalking = false;

  /** Reads what comes next. Not to be called again once it is done. */
  read(bytes: Uint8Array): ScanResult {
    for (let at = 0; at < bytes.length;) {
      if (this.#left > 0) {
        at = this.#body(bytes, at);
        if (this.#left === 0 && this.#matched === standbyReport.length) return { standbyAt: at };
      } else if (!this.#isTalking && this.#got === 0 && bytes[at] === no) at += 1;
      else {
        this.#head[this.#got++] = bytes[at++]!;
        if (!this.#isKnown()) return 'done';
        if (this.#got === headBytes && !this.#begin()) return 'done';
      }
    }
    return 'more';
  }

  /** After the first byte of a head: is it one that a server may say now? */
  #isKnown(): boolean {
    const type = this.#head[0];
    if (type === ready || type === error) return false;
    this.#isTalking ||= type === authentication || type === negotiate;
    return this.#isTalking;
  }

  /** A head is complete. False if no message can have it. */
  #begin(): boolean {
    const length = bodyBytes(this.#head, 0);
    if (length < 0) return false;
    this.#got = 0;
    this.#left = length;
    this.#matched = this.#head[0] === parameter && this.#left === standbyReport.length ? 0 : -1;
    return true;
  }

  /** Returns where the body, or what there is of it, ends. */
  #body(bytes: Uint8Array, from: number): number {
    const to = Math.min(bytes.length, from + this.#left);
    this.#left -= to - from;
    for (let at = from; at < to && this.#matched >= 0; at++) {
      this.#matched = bytes[at] === standbyReport[this.#matched] ? this.#matched + 1 : -1;
    }
    return to;
  }
}
