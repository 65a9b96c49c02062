/**
 * Asks one candidate again and again: one persistent session, one question at a time, a deadline for each step.
 *
 * Every probe has a number. When it ends, by an answer, an error or a deadline, the number grows, and whatever
 * comes late from an older number is dropped. That is all the cancelling there is.
 */
import type { Candidate } from '../cluster/candidate.ts';
import type { Answer, Failure } from '../cluster/observation.ts';
import { messageOf } from '../errors.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import type { Discovery } from './discovery.ts';
import { ProbeError } from './failure.ts';
import { maxBackoffMs, minGapMs, nextInterval, nextRetry } from './pace.ts';
import type { Pace } from './pace.ts';
import type { Facts, Probe, ProbeEvents, ProbeTarget } from './query.ts';

export interface AskerOptions extends Pace {
  /** From the start of connecting until logged in, for each address of the candidate. */
  readonly connectTimeoutMs: number;
  /** From the question to the answer. */
  readonly queryTimeoutMs: number;
}

export interface AskerTools {
  readonly clock: Pick<Runtime, 'now' | 'after'>;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly discovery: Discovery;
  readonly open: (target: ProbeTarget, events: ProbeEvents) => Probe;
}

export interface AskerEvents {
  answered(answer: Answer): void;
  failed(failure: Failure): void;
  /** An idle session was ended by the other side, for the first time in a while; `failed` came before. */
  ended(): void;
}

interface Session {
  readonly probe: Probe;
  readonly host: string;
  isReady: boolean;
}

export class Asker {
  readonly candidate: Candidate;
  #options: AskerOptions;
  #tools: AskerTools;
  #events: AskerEvents;
  #session: Session | undefined;
  #number = 0;
  #isAsking = false;
  #isWantedAgain = false;
  #isHurried = false;
  #isStopped = true;
  #startedAt = -Infinity;
  #failures = 0;
  /** When the other side last ended an idle session. */
  #endedAt = -Infinity;
  /** Which of several addresses is in use. */
  #turn = 0;
  #next: Timer | undefined;
  #nextAt = Infinity;
  #deadline: Timer | undefined;

  constructor(candidate: Candidate, options: AskerOptions, tools: AskerTools, events: AskerEvents) {
    this.candidate = candidate;
    this.#options = options;
    this.#tools = tools;
    this.#events = events;
  }

  start(): void {
    this.#isStopped = false;
    this.#schedule(0);
  }

  /** Leaves no timer and no socket; nothing is reported any more. */
  stop(): void {
    this.#isStopped = true;
    this.#number += 1;
    this.#next?.cancel();
    this.#deadline?.cancel();
    this.#drop();
  }

  hurry(isHurried: boolean): void {
    if (isHurried === this.#isHurried) return;
    this.#isHurried = isHurried;
    const soonest = this.#tools.clock.now() + 2 * this.#options.probeFastMs;
    if (isHurried && !this.#isAsking && this.#nextAt > soonest) this.#schedule(this.#options.probeFastMs);
  }

  /** Asks at once; if a question is on its way, again right after it. */
  askNow(): void {
    if (this.#isAsking) this.#isWantedAgain = true;
    else this.#schedule(this.#gap());
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#next?.cancel();
    this.#nextAt = this.#tools.clock.now() + delayMs;
    this.#next = this.#tools.clock.after(delayMs, () => this.#ask());
  }

  #gap(): number {
    return Math.max(0, this.#startedAt + minGapMs - this.#tools.clock.now());
  }

  #ask(): void {
    this.#nextAt = Infinity;
    this.#isAsking = true;
    this.#isWantedAgain = false;
    this.#startedAt = this.#tools.clock.now();
    const number = this.#number += 1;
    const session = this.#current();
    this.#probe(number, session).catch((error) => this.#fail(number, error));
  }

  /** The session, unless the name has moved to other addresses meanwhile. */
  #current(): Session | undefined {
    const known = this.#tools.discovery.known(this.candidate.host);
    if (this.#session && known && !known.includes(this.#session.host)) this.#drop();
    return this.#session;
  }

  async #probe(number: number, session: Session | undefined): Promise<void> {
    if (session) {
      this.#arm(number, this.#options.queryTimeoutMs);
      return this.#answer(number, session, await session.probe.ask());
    }
    const addresses = await this.#tools.discovery.addresses(this.candidate.host);
    for (let left = addresses.length; left > 0 && number === this.#number; left -= 1) {
      const opened = this.#open(number, addresses[this.#turn % addresses.length] ?? '');
      try {
        return this.#answer(number, opened, await opened.probe.ask());
      } catch (error) {
        if (number !== this.#number) return;
        const nextAddress = !opened.isReady && isAboutAddress(error);
        if (nextAddress) this.#turn += 1;
        if (!nextAddress || left === 1) throw error;
        this.#drop();
      }
    }
  }

  #open(number: number, host: string): Session {
    this.#arm(number, this.#options.connectTimeoutMs);
    const target = { host, port: this.candidate.port, serverName: this.candidate.host };
    const probe = this.#tools.open(target, {
      ready: () => {
        if (session !== this.#session) return;
        session.isReady = true;
        if (number === this.#number) this.#arm(number, this.#options.queryTimeoutMs);
      },
      ended: (error) => {
        if (session === this.#session) this.#end(error);
      },
    });
    const session: Session = { probe, host, isReady: false };
    this.#session = session;
    return session;
  }

  #arm(number: number, ms: number): void {
    this.#deadline?.cancel();
    this.#deadline = this.#tools.clock.after(ms, () => this.#expire(number, ms));
  }

  #expire(number: number, ms: number): void {
    const session = this.#session;
    if (number !== this.#number || !session) return;
    const where = `${session.host} port ${this.candidate.port}`;
    const wasHeard = session.probe.heard();
    if (!session.isReady) this.#turn += 1;
    const message = session.isReady
      ? `did not answer within ${ms} ms at ${where}: it hangs, is frozen or cannot be reached any more`
      : wasHeard
      ? `began to log us in at ${where} and did not finish within ${ms} ms: it hangs or is overloaded`
      : `gave no sign of life within ${ms} ms at ${where}: check that it runs and that no firewall is in between`;
    this.#fail(number, new ProbeError(wasHeard ? 'error' : 'silent', message));
  }

  #answer(number: number, session: Session, facts: Facts): void {
    if (!this.#finish(number)) return;
    this.#failures = 0;
    const at = this.#tools.clock.now();
    const tookMs = at - this.#startedAt;
    const pause = nextInterval(this.#options, this.#isHurried, this.#tools.random());
    this.#schedule(this.#isWantedAgain ? this.#gap() : Math.max(0, this.#startedAt + pause - at));
    this.#events.answered({ ...facts, at, tookMs, host: session.host, port: this.candidate.port });
  }

  #fail(number: number, error: unknown): void {
    if (!this.#finish(number)) return;
    const hadStood = this.#session?.isReady ?? false;
    this.#lose(error, this.#isWantedAgain || (hadStood && this.#failures === 0));
  }

  /** The other side ended an idle session. */
  #end(error: ProbeError): void {
    if (this.#isAsking) return;
    const now = this.#tools.clock.now();
    // A server that hangs up after each answer would otherwise have everybody asked all the time.
    const isNews = now - this.#endedAt >= maxBackoffMs;
    this.#endedAt = now;
    this.#lose(error, false);
    if (isNews) this.#events.ended();
  }

  #lose(error: unknown, atOnce: boolean): void {
    if (this.#session) this.#tools.discovery.suspect(this.candidate.host, this.#session.host);
    this.#drop();
    this.#failures += 1;
    const kind = error instanceof ProbeError ? error.kind : 'error';
    const retry = nextRetry(this.#options, this.#isHurried, this.#failures, kind, this.#tools.random());
    this.#schedule(atOnce ? this.#gap() : retry);
    this.#events.failed({ at: this.#tools.clock.now(), kind, message: messageOf(error) });
  }

  /** True for the end of the probe that is under way. */
  #finish(number: number): boolean {
    if (number !== this.#number || this.#isStopped) return false;
    this.#number += 1;
    this.#isAsking = false;
    this.#deadline?.cancel();
    return true;
  }

  #drop(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.probe.close();
  }
}

/** Failures that another address of the same name may not have. */
function isAboutAddress(error: unknown): boolean {
  const kinds = ['refused', 'unreachable', 'disconnected', 'silent'];
  return error instanceof ProbeError && kinds.includes(error.kind);
}
