/**
 * Asks one server at one address again and again: one persistent session, one question at a time, a deadline for each step.
 *
 * Every probe has a number. When it ends, by an answer, an error or a deadline, the number grows, and whatever
 * comes late from an older number is dropped. There is no other way to cancel a probe.
 */
import type { Answer, Failure } from '../cluster/observation.ts';
import { messageOf } from '../errors.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import { type Mark, withMarks } from '../cluster/same-server.ts';
import { ProbeError } from './failure.ts';
import {
  isHopeless,
  isLogged,
  isPatient,
  maxBackoffMs,
  minGapMs,
  nextRetry,
  overdueAgainMs,
  overdueMs,
  rejectedGapMs,
  usualMs,
} from './pace.ts';
import type { Pace, ProbeTicker } from './pace.ts';
import type { Probe, ProbeEvents, ProbeTarget } from './query.ts';
import type { Facts } from './question.ts';

export interface AddressProbeOptions extends Pace {
  /** From the start of connecting until logged in. */
  readonly connectTimeoutMs: number;
  /** From the question to the answer. */
  readonly queryTimeoutMs: number;
}

export interface AddressProbeTools {
  readonly clock: Pick<Runtime, 'now' | 'after'>;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** One for all address probes. */
  readonly ticker: ProbeTicker;
  readonly open: (target: ProbeTarget, events: ProbeEvents) => Probe;
  /** True if this program did not run for a while: then every address probe has just been told to begin anew. */
  readonly hasStalled: () => boolean;
  /** Hears of an exception in our own code, which is a failed probe. */
  readonly faulted?: ((where: string, error: unknown) => void) | undefined;
}

export interface AddressProbeEvents {
  answered(answer: Answer): void;
  failed(failure: Failure): void;
  /** Whether clients are sent to this server, so that an answer that is overdue is told. */
  isInUse(): boolean;
  /** Its answer is overdue, until `answered` or `failed`. */
  overdue(): void;
  /** An idle session was ended by the other side, for the first time in a while; `failed` came before. */
  ended(): void;
}

interface ProbeSession {
  readonly probe: Probe;
  isReady: boolean;
  mark?: Mark | undefined;
}

export class AddressProbe {
  readonly #target: ProbeTarget;
  #options: AddressProbeOptions;
  #tools: AddressProbeTools;
  #events: AddressProbeEvents;
  #session: ProbeSession | undefined;
  #number = 0;
  #isAsking = false;
  #isWantedAgain = false;
  #isFast = false;
  #isMarked = false;
  #isStopped = true;
  #startedAt = -Infinity;
  /** Since when the session has been that of a read-only server out of recovery; a moment of it is part of a promotion. */
  #readOnlySince: number | undefined;
  /** The last try failed in a way that asking sooner does not mend. */
  #isHopeless = false;
  #failures = 0;
  /** How often in a row the server has just answered with an error. */
  #rejections = 0;
  /** The last try was such an answer, and asking sooner does not mend it. */
  #isPatient = false;
  /** When the other side last ended an idle session. */
  #endedAt = -Infinity;
  #next: Timer | undefined;
  #nextAt = Infinity;
  #deadline: Timer | undefined;
  /** What an answer of this server takes. */
  #usualMs = 0;
  #patience: Timer | undefined;
  #isOverdue = false;

  constructor(
    target: ProbeTarget,
    options: AddressProbeOptions,
    tools: AddressProbeTools,
    events: AddressProbeEvents,
  ) {
    this.#target = target;
    this.#options = options;
    this.#tools = tools;
    this.#events = events;
  }

  /** A question is on its way. */
  get isAsking(): boolean {
    return this.#isAsking;
  }

  /** Its answer takes longer than it has taken of late. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** Asks at once. After `stop` it may be called again. */
  start(): void {
    this.#isStopped = false;
    this.#schedule(this.#gap());
  }

  /** Leaves no timer and no socket; nothing is reported any more, until the next `start`. */
  stop(): void {
    this.#isStopped = true;
    this.#number += 1;
    this.#next?.cancel();
    this.#asksNoMore();
    this.#drop();
  }

  setFast(isFast: boolean): void {
    if (isFast === this.#isFast) return;
    this.#isFast = isFast;
    if (!isFast || this.#isAsking) return;
    if (this.#isPatient) return this.#askAgain();
    const soonest = this.#tools.clock.now() + 2 * this.#options.probeFastMs;
    if (this.#nextAt > soonest) this.#schedule(this.#options.probeFastMs);
  }

  /** Whether the next questions bear a mark, which shows whether another candidate is the same server. */
  setMarked(isMarked: boolean): void {
    this.#isMarked = isMarked;
  }

  /**
   * Asks at once; if a question is on its way, again right after it. Not where that cannot help; and a server that
   * rejects the probe not sooner than a second after the last try: by now it may have died.
   */
  askNow(): void {
    if (this.#isAsking) this.#isWantedAgain = true;
    else if (this.#isPatient) this.#askAgain();
    else if (!this.#isHopeless) this.#schedule(this.#gap());
  }

  #askAgain(): void {
    const now = this.#tools.clock.now();
    const at = Math.max(now, this.#startedAt + rejectedGapMs);
    if (at < this.#nextAt) this.#schedule(at - now);
  }

  /** Forgets what is on its way and the connection that it is on, and asks at once, with all the time that a probe has. */
  beginAnew(): void {
    if (this.#isStopped) return;
    this.#number += 1;
    this.#asksNoMore();
    this.#drop();
    this.#schedule(this.#gap());
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#next?.cancel();
    this.#nextAt = this.#tools.clock.now() + delayMs;
    this.#next = this.#after(delayMs, () => this.#ask());
  }

  #gap(): number {
    return Math.max(0, this.#startedAt + minGapMs - this.#tools.clock.now());
  }

  #ask(): void {
    if (this.#tools.hasStalled()) return;
    this.#nextAt = Infinity;
    this.#isAsking = true;
    this.#isWantedAgain = false;
    this.#startedAt = this.#tools.clock.now();
    const number = this.#number += 1;
    this.#probe(number).catch((error) => this.#fail(number, error));
  }

  async #probe(number: number): Promise<void> {
    const session = this.#session;
    if (session) {
      this.#arm(number, this.#options.queryTimeoutMs);
      if (this.#events.isInUse()) {
        this.#expect(overdueMs(this.#usualMs), () => this.#expect(overdueAgainMs, () => this.#miss()));
      }
    }
    const asked = session ?? this.#open(number);
    this.#answer(number, await asked.probe.ask(this.#isMarked));
  }

  #open(number: number): ProbeSession {
    this.#readOnlySince = undefined;
    this.#arm(number, this.#options.connectTimeoutMs);
    const probe = this.#tools.open(this.#target, {
      ready: () => {
        if (session !== this.#session) return;
        session.isReady = true;
        if (number === this.#number) this.#arm(number, this.#options.queryTimeoutMs);
      },
      ended: (error) => {
        if (!this.#tools.hasStalled() && session === this.#session) this.#end(error);
      },
    });
    const session: ProbeSession = { probe, isReady: false };
    this.#session = session;
    return session;
  }

  #arm(number: number, ms: number): void {
    this.#deadline?.cancel();
    this.#deadline = this.#after(ms, () => this.#expire(number, ms));
  }

  /** What goes wrong in a timer must not be the end of all asking. */
  #after(ms: number, fn: () => void): Timer {
    return this.#tools.clock.after(ms, () => {
      try {
        fn();
      } catch (error) {
        this.#number += 1;
        this.#isAsking = false;
        this.#deadline?.cancel();
        this.#lose(error, false);
      }
    });
  }

  /** Not for the first question of a session: to connect takes what it takes. */
  #expect(ms: number, late: () => void): void {
    this.#patience = this.#tools.clock.after(ms, late);
  }

  #miss(): void {
    this.#isOverdue = true;
    this.#events.overdue();
  }

  #expire(number: number, ms: number): void {
    const session = this.#session;
    if (number !== this.#number || !session) return;
    const where = `${this.#target.host} port ${this.#target.port}`;
    const wasHeard = session.probe.heard();
    const message = session.isReady
      ? `did not answer within ${ms} ms at ${where}: it hangs, is frozen or cannot be reached any more`
      : wasHeard
      ? `began to log us in at ${where} and did not finish within ${ms} ms: it hangs or is overloaded`
      : `gave no sign of life within ${ms} ms at ${where}: check that it runs and that no firewall is in between`;
    this.#fail(number, new ProbeError(wasHeard ? 'slow' : 'silent', message));
  }

  #answer(number: number, { marks, ...facts }: Facts): void {
    if (!this.#finish(number)) return;
    this.#failures = 0;
    this.#rejections = 0;
    this.#isPatient = false;
    this.#isHopeless = false;
    const at = this.#tools.clock.now();
    const mark = this.#session && (this.#session.mark = withMarks(this.#session.mark, marks, at));
    // What ALTER ROLE and ALTER DATABASE make read-only is so for new sessions only, and so is the end of it.
    if (!facts.readOnly || facts.inRecovery) this.#readOnlySince = undefined;
    else if (at - (this.#readOnlySince ??= at) >= maxBackoffMs) this.#drop();
    const tookMs = at - this.#startedAt;
    this.#usualMs = usualMs(this.#usualMs, tookMs);
    const { ticker, random } = this.#tools;
    const next = ticker.next(this.#startedAt, this.#options, this.#isFast, random());
    this.#schedule(this.#isWantedAgain ? this.#gap() : Math.max(0, next - at));
    const { host, port } = this.#target;
    this.#events.answered({ ...facts, at, tookMs, host, port, ...(mark && { mark }) });
  }

  #fail(number: number, error: unknown): void {
    if (!this.#finish(number)) return;
    const wasReady = this.#session?.isReady ?? false;
    this.#lose(error, this.#isWantedAgain || (wasReady && this.#failures === 0));
  }

  /** The other side ended an idle session. */
  #end(error: Error): void {
    if (this.#isAsking) return;
    const now = this.#tools.clock.now();
    // A server that closes the connection after each answer would otherwise have all candidates asked all the time.
    const isFirst = now - this.#endedAt >= maxBackoffMs;
    this.#endedAt = now;
    this.#lose(error, false);
    if (isFirst) this.#events.ended();
  }

  #lose(error: unknown, atOnce: boolean): void {
    this.#drop();
    this.#failures += 1;
    // Whatever else was thrown is a fault of the gateway, and no word of the server.
    const isFault = !(error instanceof ProbeError);
    if (isFault) this.#tools.faulted?.('probe', error);
    const kind = isFault ? 'local' : error.kind;
    this.#isHopeless = isHopeless(kind);
    this.#isPatient = isPatient(kind);
    // What was tried at the fast pace, without a primary, is not held against a server that is about to come up.
    if (this.#isFast && !this.#isPatient) this.#rejections = 0;
    this.#rejections = isLogged(kind) ? this.#rejections + 1 : 0;
    const retry = nextRetry(
      this.#options,
      this.#isFast,
      this.#failures,
      this.#rejections,
      kind,
      this.#tools.random(),
    );
    this.#schedule(atOnce && !this.#isHopeless ? this.#gap() : retry);
    this.#events.failed({ at: this.#tools.clock.now(), kind, message: messageOf(error) });
  }

  /** True for the end of the probe that is under way. */
  #finish(number: number): boolean {
    if (this.#tools.hasStalled() || number !== this.#number || this.#isStopped) return false;
    this.#number += 1;
    this.#asksNoMore();
    return true;
  }

  #asksNoMore(): void {
    this.#isAsking = false;
    this.#isOverdue = false;
    this.#deadline?.cancel();
    this.#patience?.cancel();
  }

  #drop(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.probe.close();
  }
}
