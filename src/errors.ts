/**
 * A setting that cannot be used. The message names the setting, the value and what to do; exit code 2. A password in a value,
 * because a connection string was put where it does not belong, is left out.
 */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const shown = problems.map(withoutPasswords);
    super(shown.join('\n'));
    this.name = 'ConfigError';
    this.problems = shown;
  }
}

/** Something outside the program that keeps it from starting (a port in use), or a command from its work; exit code 1. */
export class StartError extends Error {
  constructor(message: string) {
    super(withoutPasswords(message));
    this.name = 'StartError';
  }
}

/** A text with the passwords of connection strings in it masked: of `postgres://user:...@host` and `password=...`. */
export function withoutPasswords(text: string): string {
  return text
    .replace(/(:\/\/[^\s:/@]*:)\S*@/g, '$1***@')
    .replace(/((?:password|metrics_token)\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s'",;&]+)/gi, '$1***');
}

/** Whether a text is what libpq takes for a whole connection: a URL, or `host=db password=...`. */
export function isConnectionString(text: string): boolean {
  return /:\/\/|(?:^|\s)(?:pg)?password\s*=/i.test(text);
}

/** The text of anything thrown, for a log line. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  if (error instanceof Error) return error.message || codeOf(error) || error.name;
  return String(error);
}

/** The errno or SQLSTATE that an error carries, or an empty string. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
