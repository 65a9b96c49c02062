/**
 * The log: one line an event: its identifier, its sentence, its fields; JSON lines where no terminal shows it. It goes to
 * standard error, so that standard output stays what a command was asked for. Nothing that is logged holds a secret:
 * credentials never come here.
 */
import { createConsola, LogLevels } from 'consola';
import { LineWriter, standardError, type Write } from './line-writer.ts';
import { type LogEvent, logEvents, type LogLevel } from './log-events.ts';

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes an event; its level and its sentence are in the table of events. Never throws. */
export type Log = (event: LogEvent, fields?: LogFields) => void;

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'auto' | 'text' | 'json';
}

export interface OpenLog {
  readonly log: Log;
  setLevel(level: LogLevel): void;
}

/** Lines that cannot be written are dropped; the first that can be is preceded by their number. */
export function openLog({ level, format }: LogOptions, write: Write = standardError): OpenLog {
  const isJson = format === 'json' || (format === 'auto' && !process.stderr.isTTY);
  const lineOf = isJson ? jsonLine : textLine;
  const output = new LineWriter(write);
  let lost = 0;
  // Consola's own reporter for terminals frames warnings with empty lines; a gateway's log is read by the line.
  const consola = createConsola({
    level: LogLevels[level],
    reporters: [{
      log: ({ date, args: [event, fields] }) => {
        if (lost > 0 && output.write(lineOf(date, 'log_lines_lost', { lines: lost }))) lost = 0;
        if (lost > 0 || !output.write(lineOf(date, event, fields))) lost += 1;
      },
    }],
    throttle: 0,
  });
  return {
    log: (event, fields = {}) => consola[logEvents[event][0]](event, fields),
    setLevel: (level) => void (consola.level = LogLevels[level]),
  };
}

const colors: Readonly<Record<string, number>> = { error: 31, warn: 33, info: 36, debug: 90 };

function textLine(date: Date, event: LogEvent, fields: LogFields): string {
  const [level, message] = logEvents[event];
  const isColored = process.stderr.isTTY && !process.env['NO_COLOR'];
  const name = isColored ? `\u001b[${colors[level]}m${level.padEnd(5)}\u001b[0m` : level.padEnd(5);
  return `${date.toTimeString().slice(0, 8)} ${name} ${event}: ${message}${keyValues(fields)}`;
}

function jsonLine(date: Date, event: LogEvent, fields: LogFields): string {
  const [level, message] = logEvents[event];
  return JSON.stringify({ time: date.toISOString(), level, event, message, ...fields });
}

/** ` key=value key="with blanks"`, without what is undefined. */
function keyValues(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${/^[^\s"=]+$/.test(String(value)) ? value : JSON.stringify(value)}`)
    .join('');
}
