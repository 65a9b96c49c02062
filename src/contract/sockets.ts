/** Sockets that listen already when a gateway starts: descriptors for each port of the clients, none where it binds its own. */

export interface Sockets {
  readonly primary: readonly number[];
  readonly standby: readonly number[];
}

export const noSockets: Sockets = { primary: [], standby: [] };

/**
 * Those of one port that data plane number `index` of `count` listens on. Each of them has a queue of its own, so none may be
 * left out; where there are fewer than data planes, several listen on one.
 */
export function shareOf(sockets: readonly number[], index: number, count: number): readonly number[] {
  if (sockets.length >= count) return sockets.filter((_, at) => at % count === index);
  return sockets.length === 0 ? [] : [sockets[index % sockets.length]!];
}
