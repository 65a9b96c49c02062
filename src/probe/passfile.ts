/**
 * libpq's password file: lines of `host:port:database:user:password`. `*` alone stands for anything, `\` takes the
 * next character literally, `#` begins a comment, the first line that fits wins.
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 */

export interface Login {
  /** As configured: libpq compares the text, it does not resolve names. */
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
}

/** The password in the first line that fits, or undefined. */
export function findPassword(text: string, login: Login): string | undefined {
  const wanted = [login.host, login.port, login.database, login.user];
  for (const line of text.split(/\r?\n/)) {
    if (line === '' || line.startsWith('#')) continue;
    const password = matchLine(line, wanted);
    if (password !== undefined) return password;
  }
  return undefined;
}

function matchLine(line: string, wanted: readonly string[]): string | undefined {
  let at = 0;
  for (const value of wanted) {
    const end = fieldEnd(line, at);
    if (end === line.length) return undefined;
    const raw = line.slice(at, end);
    if (raw !== '*' && unescape(raw) !== value) return undefined;
    at = end + 1;
  }
  // The rest of the line is the password, colons included.
  return unescape(line.slice(at)) || undefined;
}

/** Where the next unescaped colon is, or the length of the line. */
function fieldEnd(line: string, from: number): number {
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === '\\') at += 1;
    else if (line[at] === ':') return at;
  }
  return line.length;
}

function unescape(raw: string): string {
  return raw.replace(/\\(.)/gs, '$1');
}
