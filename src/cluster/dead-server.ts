/**
 * The death verdict. A server that vanished without a packet leaves sessions that hang until TCP gives up on them, a
 * quarter of an hour later; after enough silence they are better ended by us. Pure, like the election.
 */
import type { Answer, Observation } from './observation.ts';

/** A server from which nothing comes. */
export interface Silence {
  readonly name: string;
  /** Where its sessions are. */
  readonly server: Answer;
  readonly since: number;
  readonly isReported: boolean;
}

/** The silent servers, by their addresses. */
export type Silences = ReadonlyMap<string, Silence>;

export const noSilences: Silences = new Map();

export interface Dead {
  readonly name: string;
  readonly server: Answer;
  readonly silentMs: number;
}

/**
 * The servers that have now been silent for `deadAfterMs`: no packet, or an error of the network that it cannot be
 * reached. Each is named once in a silence. One that was silent when it left the candidates goes on being silent: it is
 * not probed any more, and its sessions hang all the same.
 */
export function deadServers(
  before: Silences,
  observations: readonly Observation[],
  now: number,
  deadAfterMs: number,
): { readonly silences: Silences; readonly dead: readonly Dead[] } {
  const silences = new Map<string, Silence>();
  const present = new Set<string>();
  for (const { candidate: { name }, answer: server, silentSince: since } of observations) {
    if (server === undefined) continue;
    const key = keyOf(server);
    present.add(key);
    if (since === undefined || answersElsewhere(server, observations)) continue;
    silences.set(key, { name, server, since, isReported: before.get(key)?.isReported ?? false });
  }
  for (const [key, silence] of before) {
    if (!present.has(key) && !silence.isReported) silences.set(key, silence);
  }
  const dead = [...silences].filter(([, { since, isReported }]) => !isReported && now - since >= deadAfterMs);
  for (const [key, silence] of dead) silences.set(key, { ...silence, isReported: true });
  return {
    silences,
    dead: dead.map(([, { name, server, since }]) => ({ name, server, silentMs: Math.round(now - since) })),
  };
}

/** Whether another name has brought an answer from that address since: then only the name that was silent has moved. */
function answersElsewhere(server: Answer, observations: readonly Observation[]): boolean {
  return observations.some(({ answer, silentSince }) =>
    answer !== undefined && silentSince === undefined && keyOf(answer) === keyOf(server) &&
    answer.at >= server.at
  );
}

function keyOf({ host, port }: Answer): string {
  return `${host} ${port}`;
}
