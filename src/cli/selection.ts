/** The flags that say which clients are meant. */
import type { ArgsDef, ParsedArgs } from 'citty';
import { ConfigError } from '../errors.ts';

export const selectionArgs: ArgsDef = {
  client: { type: 'string', description: 'the client at this address and port', valueHint: 'host:port' },
  address: { type: 'string', description: 'all clients of this address', valueHint: 'host' },
  server: {
    type: 'string',
    description: 'all clients of this server, by its name in CANDIDATES or its address',
    valueHint: 'host:port',
  },
};

/** What was given of them, apart from the other flags. Throws ConfigError. */
export function selectionIn(
  { client, address, server, ...gateway }: ParsedArgs,
): { readonly selection: Readonly<Record<string, string>>; readonly gateway: ParsedArgs } {
  const given = Object.entries<unknown>({ client, address, server }).flatMap(
    ([name, value]): [string, string][] => {
      if (value === undefined) return [];
      if (typeof value === 'string' && value !== '' && !value.startsWith('--')) return [[name, value]];
      throw new ConfigError([
        `--${name} needs a value: ${(selectionArgs[name] as { valueHint: string }).valueHint}`,
      ]);
    },
  );
  return { selection: Object.fromEntries(given), gateway: gateway as ParsedArgs };
}
