/** What the writers were told, against what is in the table in the end. */
import type { Cluster, Server } from '../../../test/bed/cluster.ts';
import { judge, type Write } from '../../../test/bed/ha/history.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';

/** Ids of rows. */
export interface Comparison {
  /** Of the sure writers: acknowledged and gone. */
  readonly lost: readonly number[];
  /** Of all: taken by an old primary, or by two. */
  readonly doubles: readonly number[];
}

const patienceMs = 120_000;

export async function compare(
  cluster: Cluster,
  sure: readonly Write[],
  quick: readonly Write[],
): Promise<Comparison> {
  const primary = await waitFor('a primary', () => newestPrimary(cluster), { deadlineMs: patienceMs });
  const rows = await primary.query<{ id: string }>('select id from register', patienceMs);
  const kept = new Set(rows.map(({ id }) => Number(id)));
  const ids = (writes: readonly Write[]) => writes.map(({ id }) => id);
  return { lost: ids(judge(sure, kept).lost), doubles: ids(judge([...sure, ...quick], kept).doubles) };
}

/** A run that was cut short may have left an old one. */
async function newestPrimary({ servers }: Cluster): Promise<Server | undefined> {
  const primaries: { server: Server; timeline: number }[] = [];
  for (const server of servers.filter(({ isUp, isFrozen }) => isUp && !isFrozen)) {
    const [row] = await server.query<{ yes: boolean }>('select not pg_is_in_recovery() as yes');
    if (row?.yes === true) primaries.push({ server, timeline: await server.timeline() });
  }
  return primaries.sort((a, b) => b.timeline - a.timeline)[0]?.server;
}
