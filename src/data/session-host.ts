/** The interfaces between a session and its data plane, and between a session and its client's socket. */
import type { CloseReason, Counters, ProxyOutcome } from '../contract/counters.ts';
import type { DataSettings } from '../contract/messages.ts';
import type { OtherProtocol } from '../protocol/opening.ts';
import type { NetError } from '../runtime/runtime.ts';
import type { CancelQueue } from './cancel-queue.ts';
import type { DialHost } from './dial.ts';
import type { Logins } from './logins.ts';
import type { DialFailure, Refusal } from './refusals.ts';

/** What the events of the client's socket go to. */
export interface ClientSide {
  clientData(bytes: Uint8Array): void;
  clientDrain(): void;
  clientEnd(): void;
  clientClosed(error: NetError | undefined): void;
  /** It is gone, and its server has not taken yet what it had said. */
  clientBroken(): void;
  /** The last of all, after `clientClosed`, be it that it has thrown. */
  clientGone(): void;
  /** One of the above has thrown `error`. */
  clientFaulted(where: string, error: unknown): void;
}

/** The data plane, for sessions of this kind. */
export interface SessionHost<Session> extends DialHost {
  readonly settings: DataSettings;
  readonly counters: Counters;
  readonly cancels: CancelQueue;
  readonly logins: Logins;
  readonly limits: { identified(session: Session): boolean };
  /** The first packet is there and makes sense: dial, hold, cancel or refuse. */
  admit(session: Session): void;
  /** It speaks another protocol than PostgreSQL's, or has not the PROXY header that it should have, and is refused. */
  notUnderstood(session: Session, what: OtherProtocol | ProxyOutcome, refusal: Refusal): void;
  /** Its server has answered. */
  opened(session: Session): void;
  dialFailed(session: Session, failure: DialFailure): void;
  holdTimedOut(session: Session): void;
  /** The gateway ends, and it has no server yet. */
  shutOut(session: Session, words: Refusal): void;
  /** The server behaved as if it were not the primary any more. */
  suspect(why: string): void;
  /** It needs nothing any more; its client's socket may still be closing. */
  ended(session: Session): void;
  /** Its client's socket is closed: the last call of a session. */
  left(session: Session, reason: CloseReason): void;
}
