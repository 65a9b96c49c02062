/** The log as objects, for the program around the gateway. */
import { type LogEvent, logEvents, type LogLevel, logLevels } from '../log-events.ts';
import type { LogFields, OpenLog } from '../log.ts';
import { later } from './later.ts';

export interface LogLine {
  readonly time: Date;
  readonly level: LogLevel;
  /** Its identifier: `verdict`, `no_primary`; docs/operations.md lists them. */
  readonly event: LogEvent;
  /** Its sentence, the same for each line of the event. */
  readonly message: string;
  readonly fields: LogFields;
}

/** Without `sink` nothing is logged. */
export function logTo(sink: ((line: LogLine) => void) | undefined, level: LogLevel): OpenLog {
  let most = logLevels.indexOf(level);
  return {
    log: (event, fields = {}) => {
      const [level, message] = logEvents[event];
      if (sink === undefined || logLevels.indexOf(level) > most) return;
      const line = { time: new Date(), level, event, message, fields };
      later(() => sink(line));
    },
    setLevel: (level) => {
      most = logLevels.indexOf(level);
    },
  };
}
