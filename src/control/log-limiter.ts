/**
 * Keeps a candidate that changes its mind many times a second from filling the disk: the first lines of a minute about one
 * subject are written, the others counted. At the end of the minute the last of those is written with how many there were, so
 * that the log ends with what is true.
 */
import type { LogEvent } from '../log-events.ts';
import type { Log, LogFields } from '../log.ts';

export const linesAMinute = 10;

/** So many subjects are told apart; what comes beyond them in a minute is counted by its event alone. */
export const maxSubjects = 100;

const minuteMs = 60_000;

interface Minute {
  readonly began: number;
  written: number;
  leftOut: number;
  last: readonly [LogEvent, LogFields | undefined];
}

export class LogLimiter {
  readonly #log: Log;
  readonly #minutes = new Map<string, Minute>();
  #now = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The time of what is logged from here on, in monotonic milliseconds. To be called about once a second. */
  begin(now: number): void {
    this.#now = now;
    for (const [key, { began, leftOut, last: [event, fields] }] of this.#minutes) {
      if (now - began < minuteMs) continue;
      this.#minutes.delete(key);
      if (leftOut > 0) this.#log(event, { ...fields, leftOut });
    }
  }

  readonly log: Log = (event, fields) => {
    const key = this.#key(event, fields);
    const minute = this.#minutes.get(key) ??
      { began: this.#now, written: 0, leftOut: 0, last: [event, fields] };
    this.#minutes.set(key, minute);
    minute.last = [event, fields];
    if (minute.written < linesAMinute) {
      minute.written += 1;
      this.#log(event, fields);
    } else minute.leftOut += 1;
  };

  /**
   * Each promotion is a subject of its own, by its timeline: no chatter before it keeps it out of the log. Those whose
   * timeline is hidden from the probe are one subject.
   */
  #key(event: LogEvent, fields: LogFields | undefined): string {
    const subject = fields?.['candidate'] ?? fields?.['primary'] ?? '';
    const key = `${event} ${subject} ${fields?.['timeline'] ?? ''}`;
    return this.#minutes.has(key) || this.#minutes.size < maxSubjects ? key : event;
  }
}
