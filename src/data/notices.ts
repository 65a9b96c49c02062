/** What the data plane has seen and tells the control plane, each thing not again and again. */
import { type ProxyOutcome, proxyOutcomes } from '../contract/counters.ts';
import type { Port, Report } from '../contract/messages.ts';
import type { OtherProtocol } from '../protocol/opening.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Faults } from './faults.ts';
import { ReportLimit } from './report-limit.ts';

/** One report of suspicion is enough for everything that happens within this time. */
const suspicionMs = 50;

/** A machine at its limit has a port for one client and none for the next: only such a time without means that it is over. */
const shortageOverMs = 10_000;

/** A check of a load balancer comes every few seconds, a scanner a thousand times: one report in this time for each kind. */
const otherProtocolMs = 60_000;

export class Notices {
  readonly #runtime: Pick<Runtime, 'now'>;
  readonly #report: (report: Report) => void;
  readonly #otherProtocols = new ReportLimit<OtherProtocol | ProxyOutcome>(otherProtocolMs);
  readonly #faults: Faults;
  #lastSuspicion = -Infinity;
  #lastShortage = -Infinity;

  constructor(runtime: Pick<Runtime, 'now'>, report: (report: Report) => void) {
    this.#runtime = runtime;
    this.#report = report;
    this.#faults = new Faults(() => runtime.now(), (fault) => report({ kind: 'fault', ...fault }));
  }

  fault(where: string, error: unknown): void {
    this.#faults.note(where, error);
  }

  suspect(why: string): void {
    const now = this.#runtime.now();
    if (now - this.#lastSuspicion < suspicionMs) return;
    this.#lastSuspicion = now;
    this.#report({ kind: 'suspicion', why });
  }

  shortage(why: string): void {
    const now = this.#runtime.now();
    const isOver = now - this.#lastShortage >= shortageOverMs;
    this.#lastShortage = now;
    if (isOver) this.#report({ kind: 'shortage', why });
  }

  otherProtocol(port: Port, client: string, what: OtherProtocol | ProxyOutcome, why: string): void {
    const count = this.#otherProtocols.due(what, this.#runtime.now());
    const event = proxyOutcomes.some((one) => one === what) ? 'proxy_refused' : 'other_protocol';
    if (count > 0) this.#report({ kind: 'otherProtocol', event, port, client, why, count });
  }
}
