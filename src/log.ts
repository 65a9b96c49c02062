/**
 * The log: one line an event: its identifier, its sentence, its fields; JSON lines where no terminal shows it. It goes to
 * standard error, so that standard output stays what a command was asked for. Nothing that is logged holds a secret:
 * credentials never come here.
 */
import { type ConsolaReporter, createConsola, LogLevels } from 'consola';
import { type LogEvent, logEvents, type LogLevel } from './log-events.ts';

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes an event; its level and its sentence are in the table of events. */
export type Log = (event: LogEvent, fields?: LogFields) => void;

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'auto' | 'text' | 'json';
}

export function openLog({ level, format }: LogOptions): Log {
  const isJson = format === 'json' || (format === 'auto' && !process.stderr.isTTY);
  // Consola's own reporter for terminals frames warnings with empty lines; a gateway's log is read by the line.
  const consola = createConsola({
    level: LogLevels[level],
    reporters: [isJson ? jsonLines : textLines],
    throttle: 0,
  });
  return (event, fields) => {
    const [level, message] = logEvents[event];
    consola[level](event, message, fields);
  };
}

const colors: Readonly<Record<string, number>> = { error: 31, warn: 33, info: 36, debug: 90 };

const textLines: ConsolaReporter = {
  log({ date, type, args: [event, message, fields] }) {
    const isColored = process.stderr.isTTY && !process.env['NO_COLOR'];
    const level = isColored ? `\u001b[${colors[type]}m${type.padEnd(5)}\u001b[0m` : type.padEnd(5);
    process.stderr.write(
      `${date.toTimeString().slice(0, 8)} ${level} ${event}: ${message}${
        keyValues((fields ?? {}) as LogFields)
      }\n`,
    );
  },
};

const jsonLines: ConsolaReporter = {
  log({ date, type, args: [event, message, fields] }) {
    const line = { time: date.toISOString(), level: type, event, message, ...(fields as LogFields) };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  },
};

/** ` key=value key="with blanks"`, without what is undefined. */
function keyValues(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${/^[^\s"=]+$/.test(String(value)) ? value : JSON.stringify(value)}`)
    .join('');
}
