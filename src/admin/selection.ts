/** Which clients a command means. */
import type { Selection } from '../contract/messages.ts';
import { addressText } from '../runtime/addresses.ts';
import type { Snapshot } from './snapshot.ts';

const keys = ['client', 'address', 'server'] as const;

/** What is not given counts for all; or what is wrong with it. */
export function selectionOf(
  args: Readonly<Record<string, unknown>>,
  snapshot: Snapshot,
): Selection | { readonly problem: string } {
  for (const [key, value] of Object.entries(args)) {
    if (!keys.some((known) => known === key)) {
      return { problem: `clients are not chosen by "${key}": there is ${keys.join(', ')}` };
    }
    if (typeof value !== 'string' || value === '') return { problem: `"${key}" is a text that is not empty` };
  }
  const { client, address, server } = args as Selection;
  const known = server === undefined ? undefined : serverOf(server, snapshot);
  if (typeof known === 'object') return known;
  return { client, address: address?.replace(/^\[|\]$/g, ''), server: known };
}

/** By its name among the candidates, or by the address that sessions have. */
function serverOf(
  given: string,
  { observations, sessions }: Snapshot,
): string | { readonly problem: string } {
  const named = observations.find(({ candidate }) => candidate.name === given)?.answer;
  if (named !== undefined) return addressText(named);
  const known = sessions.map(({ server }) => addressText(server));
  if (known.includes(given)) return given;
  const names = observations.map(({ candidate }) => candidate.name);
  return {
    problem: `"${given}" is no server here; there are ${[...new Set([...names, ...known])].join(', ')}`,
  };
}
