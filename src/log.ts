/**
 * The log: one line an event, in words, then key=value; JSON lines where nobody looks on. It goes to standard error,
 * so that standard output stays what a command was asked for. Nothing that is logged holds a secret: credentials
 * never come here.
 */
import { type ConsolaReporter, createConsola, LogLevels } from 'consola';

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  error(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
}

export interface LogOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
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
  return {
    error: (event, fields) => consola.error(event, fields),
    warn: (event, fields) => consola.warn(event, fields),
    info: (event, fields) => consola.info(event, fields),
    debug: (event, fields) => consola.debug(event, fields),
  };
}

const colors: Readonly<Record<string, number>> = { error: 31, warn: 33, info: 36, debug: 90 };

const textLines: ConsolaReporter = {
  log({ date, type, args: [event, fields] }) {
    const isColored = process.stderr.isTTY && !process.env['NO_COLOR'];
    const level = isColored ? `\u001b[${colors[type]}m${type.padEnd(5)}\u001b[0m` : type.padEnd(5);
    process.stderr.write(
      `${date.toTimeString().slice(0, 8)} ${level} ${event}${keyValues((fields ?? {}) as LogFields)}\n`,
    );
  },
};

const jsonLines: ConsolaReporter = {
  log({ date, type, args: [event, fields] }) {
    const line = { time: date.toISOString(), level: type, event, ...(fields as LogFields) };
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
