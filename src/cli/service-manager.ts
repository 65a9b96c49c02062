/** What systemd is told of this service: sd_notify(3), systemd.service(5). Without NOTIFY_SOCKET it is nothing. */
import { stuckMs } from '../control/worker-watch.ts';
import type { ServiceState, ServiceWatcher } from '../admin/service-watcher.ts';
import type { Log } from '../log.ts';
import { type Notifier, openNotifier } from '../runtime/notifier.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** systemd waits for as long as WATCHDOG_USEC says, and a busy machine may delay one of these. */
const watchdogShare = 3;

export class ServiceManager implements ServiceWatcher {
  readonly #notifier: Notifier | undefined;
  readonly #log: Log;
  /** How often systemd wants to hear that all is well; undefined: it does not. */
  readonly #watchdogMs: number | undefined;
  #status = '';
  #statusAt = -Infinity;
  #aliveAt = -Infinity;
  #hasFailed = false;
  #isStopping = false;

  constructor(log: Log, env: Environment = process.env, notifier = openIn(env)) {
    this.#log = log;
    this.#notifier = notifier;
    const { WATCHDOG_USEC, WATCHDOG_PID } = env;
    const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
    const usec = Number(WATCHDOG_USEC);
    if (isOurs && usec > 0) this.#watchdogMs = usec / 1_000 / watchdogShare;
  }

  /** Clients can connect, or the configuration was read again. */
  ready(): void {
    if (!this.#isStopping) this.#send(['READY=1']);
  }

  reloading(): void {
    if (this.#notifier === undefined) return;
    this.#send(['RELOADING=1', `MONOTONIC_USEC=${this.#notifier.monotonicMicroseconds()}`]);
  }

  stopping(sessions: number): void {
    this.#isStopping = true;
    this.#send(['STOPPING=1', `STATUS=draining, ${sessions} sessions`]);
  }

  /** To be called every second, by the loop whose life it proves; `now` is in milliseconds. */
  alive(state: ServiceState, now: number): void {
    if (this.#notifier === undefined) return;
    const lines: string[] = [];
    const status = statusOf(state);
    if (!this.#isStopping && status !== this.#status && now - this.#statusAt >= this.#notifier.restMs) {
      this.#status = status;
      this.#statusAt = now;
      lines.push(`STATUS=${status}`);
    }
    const isWell = state.workerSilentMs < stuckMs;
    if (this.#watchdogMs !== undefined && isWell && now - this.#aliveAt >= this.#watchdogMs) {
      this.#aliveAt = now;
      lines.push('WATCHDOG=1');
    }
    if (lines.length > 0) this.#send(lines);
  }

  #send(lines: readonly string[]): void {
    this.#notifier?.send(lines, (why) => {
      if (!this.#hasFailed) this.#log('notify_failed', { why });
      this.#hasFailed = true;
    });
  }
}

function openIn({ NOTIFY_SOCKET }: Environment): Notifier | undefined {
  return NOTIFY_SOCKET ? openNotifier(NOTIFY_SOCKET) : undefined;
}

function statusOf({ primary, sessions, held }: ServiceState): string {
  return `${primary === undefined ? 'no primary' : `primary ${primary}`}, ${sessions} sessions${
    held > 0 ? `, ${held} clients wait` : ''
  }`;
}
