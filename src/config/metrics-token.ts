/** The token that guards the metrics port: METRICS_TOKEN, or the content of METRICS_TOKEN_FILE. */
import { codeOf, messageOf } from '../errors.ts';
import type { Files } from '../probe/files.ts';

/** Tells the token at this moment; undefined: the port is open. */
export type MetricsToken = (() => string | undefined) | undefined;

/**
 * A file is read again each time, so that the token can be changed without a restart; one that has become unreadable, or
 * has no token in it any more, keeps its last one. No problem ever holds the token.
 */
export function readMetricsToken(
  token: string | undefined,
  path: string | undefined,
  files: Files,
  problems: string[],
): MetricsToken {
  if (token && path) problems.push('METRICS_TOKEN and METRICS_TOKEN_FILE are both set: keep one of them');
  if (token) {
    if (!isToken(token)) problems.push(`METRICS_TOKEN ${complaint}`);
    return () => token;
  }
  if (!path) return undefined;
  let last = '';
  try {
    last = tokenIn(files, path);
    if (!isToken(last)) problems.push(`METRICS_TOKEN_FILE=${path} ${complaint}`);
  } catch (error) {
    problems.push(
      `METRICS_TOKEN_FILE=${path} cannot be read (${
        codeOf(error) || messageOf(error)
      }): create the file with the token in it, readable for the gateway`,
    );
  }
  return () => {
    try {
      const now = tokenIn(files, path);
      if (isToken(now)) last = now;
    } catch {
      // The last one goes on.
    }
    return last;
  };
}

const complaint =
  'is no token: it must be of printable ASCII characters without blanks, to stand in a header';

function isToken(text: string): boolean {
  return /^[!-~]+$/.test(text);
}

/** Files end in a newline that is no part of it. */
function tokenIn(files: Files, path: string): string {
  return files.read(path).replace(/\r?\n$/, '');
}
