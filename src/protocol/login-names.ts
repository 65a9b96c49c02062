/** Who a client says that it is: names out of a StartupMessage in clear text ("Message Formats" of PostgreSQL's protocol). */
import { word } from './framing.ts';
import { printable } from './printable.ts';

export interface LoginNames {
  readonly user: string | undefined;
  /** PostgreSQL takes the user's name where there is none. */
  readonly database: string | undefined;
  readonly application: string | undefined;
}

/** No name of PostgreSQL is longer (NAMEDATALEN - 1). */
const most = 63;

/** Length and protocol. */
const headBytes = 8;

/** The length of the StartupMessage of protocol 3 at the start of `bytes`; 0: there is no whole one. */
export function startupBytes(bytes: Uint8Array): number {
  if (bytes.length < headBytes || word(bytes, 4) >>> 16 !== 3) return 0;
  const length = word(bytes, 0);
  return length < headBytes || length > bytes.length ? 0 : length;
}

/** Of a whole StartupMessage. */
export function loginNames(startup: Uint8Array): LoginNames {
  const text = new TextDecoder().decode(startup.subarray(headBytes));
  const parts = text.split('\0');
  const names = new Map<string, string>();
  for (let at = 0; at + 1 < parts.length && parts[at] !== ''; at += 2) names.set(parts[at]!, parts[at + 1]!);
  const name = (key: string): string | undefined => {
    const text = names.get(key);
    return text === undefined ? undefined : printable(text, most);
  };
  return { user: name('user'), database: name('database'), application: name('application_name') };
}
