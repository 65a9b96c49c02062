/** PGREQUIREAUTH: which ways to log in the probe agrees to, in the words of libpq's require_auth. */

/** Those that a probe can be asked for; `none` is to be let in and asked for nothing. */
const usable = ['password', 'md5', 'scram-sha-256', 'none'] as const;
export type AuthMethod = (typeof usable)[number];

/** Names that libpq has besides, and that no probe can do. */
const others: readonly string[] = ['gss', 'sspi', 'oauth', 'creds'];

/** The methods of a list, or all but those of a list with `!` before each. Throws an Error that reads after the value. */
export function parseRequireAuth(text: string): readonly AuthMethod[] {
  const words = text.split(',').map((word) => word.trim());
  const names = words.map((word) => word.replace(/^!/, ''));
  const isNegated = words[0]!.startsWith('!');
  if (words.some((word) => word.startsWith('!') !== isNegated)) {
    throw new Error('mixes methods with and without "!": write "!" before all of them, or before none');
  }
  names.forEach((name, index) => {
    if (![...usable, ...others].includes(name)) {
      throw new Error(`has "${name}" in it, which is none of ${[...usable, ...others].join(', ')}`);
    }
    if (names.indexOf(name) < index) throw new Error(`names ${name} twice`);
  });
  return usable.filter((method) => names.includes(method) !== isNegated);
}
