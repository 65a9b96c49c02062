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
 * Those that have now been silent for `deadAfterMs`: no packet, or word from the network that there is no way. Each is
 * named once in a silence. One that was silent when it left the candidates goes on being silent: nobody asks it any
 * more, and its sessions hang all the same.
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
    const place = placeOf(server);
    present.add(place);
    if (since === undefined || answersElsewhere(server, observations)) continue;
    silences.set(place, { name, server, since, isReported: before.get(place)?.isReported ?? false });
  }
  for (const [place, silence] of before) {
    if (!present.has(place) && !silence.isReported) silences.set(place, silence);
  }
  const dead = [...silences].filter(([, { since, isReported: isBuried }]) =>
    !isBuried && now - since >= deadAfterMs
  );
  for (const [place, silence] of dead) silences.set(place, { ...silence, isReported: true });
  return {
    silences,
    dead: dead.map(([, { name, server, since }]) => ({ name, server, silentMs: Math.round(now - since) })),
  };
}

/** Whether another name has brought an answer from there since: what is silent is where this one has moved to. */
function answersElsewhere(server: Answer, observations: readonly Observation[]): boolean {
  return observations.some(({ answer, silentSince }) =>
    answer !== undefined && silentSince === undefined && placeOf(answer) === placeOf(server) &&
    answer.at >= server.at
  );
}

function placeOf({ host, port }: Answer): string {
  return `${host} ${port}`;
}
