/**
 * Tells the control plane how sessions have ended, if LOG_CONNECTIONS asks for it: in batches of a bounded size, so that a
 * flood of short sessions costs it no more than a thousand lines a second.
 */
import type { CloseReason } from '../contract/counters.ts';
import type { DataSettings, EndedSession, Report } from '../contract/messages.ts';
import { addressText } from '../runtime/addresses.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import type { SessionList } from './session-list.ts';
import type { Session } from './session/session.ts';
import type { StateName } from './session/state.ts';

const batchMs = 250;

/** In a batch of all workers. */
const mostTold = 250;

/** By its client or its server, as sessions end that were served. */
const ordinary: readonly CloseReason[] = ['clientClosed', 'serverClosed'];

/** A client that leaves in these has waited in vain. */
const waiting: readonly StateName[] = ['held', 'dialling'];

export class EndLog {
  readonly #runtime: Runtime;
  readonly #most: number;
  readonly #report: (report: Report) => void;
  #which: DataSettings['logConnections'];
  /** Where clients are, by the time when they can still be asked; nothing of it is kept unless it will be logged. */
  readonly #clients = new Map<Session, string>();
  #batch: EndedSession[] = [];
  #leftOut = 0;
  #timer: Timer | undefined;

  /** `workers` share what may be told. */
  constructor(
    runtime: Runtime,
    which: DataSettings['logConnections'],
    workers: number,
    report: (report: Report) => void,
  ) {
    this.#runtime = runtime;
    this.#which = which;
    this.#most = Math.ceil(mostTold / workers);
    this.#report = report;
  }

  /** From now on, of `sessions` too, which are there already. */
  reconfigure(which: DataSettings['logConnections'], sessions: SessionList<Session>): void {
    const wasOff = this.#which === undefined;
    this.#which = which;
    if (which === undefined) this.#clients.clear();
    else if (wasOff) sessions.each((session) => this.began(session));
  }

  began(session: Session): void {
    if (this.#which !== undefined) this.#clients.set(session, session.client.remote);
  }

  /** To be called while it is still known what the session was. */
  ended(session: Session): void {
    if (this.#which === undefined) return;
    const client = session.proxied ?? this.#clients.get(session) ?? '';
    this.#clients.delete(session);
    const { endedBy: reason = 'clientClosed', state } = session;
    const isOrdinary = ordinary.includes(reason) && !waiting.includes(state.name);
    if (this.#which === 'errors' && isOrdinary) return;
    this.#timer ??= this.#runtime.after(batchMs, () => this.tell());
    if (this.#batch.length >= this.#most) this.#leftOut += 1;
    else this.#batch.push(this.#endOf(session, client, reason));
  }

  #endOf(
    { port, serverAddress, state, counter }: Session,
    client: string,
    reason: CloseReason,
  ): EndedSession {
    const { user, database, application } = state.login ?? {};
    const server = serverAddress === undefined || counter < 0 ? undefined : addressText(serverAddress);
    return {
      client,
      port,
      server,
      user,
      database,
      application,
      durationMs: Math.round(this.#runtime.now() - state.since),
      upBytes: state.upBytes,
      downBytes: state.downBytes,
      reason,
    };
  }

  /** Tells what there is to tell now: at the end nobody waits for the next batch. */
  tell(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#report({ kind: 'ended', sessions: this.#batch, leftOut: this.#leftOut });
    [this.#batch, this.#leftOut] = [[], 0];
  }
}
