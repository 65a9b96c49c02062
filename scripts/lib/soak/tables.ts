/** What clients work with. */
import type { Server } from '../../../test/bed/cluster.ts';

export const accounts = 1000;
export const pages = 20_000;
/** Who writes it is not told before a standby has it; of the other one the primary's own disk is enough. */
export const writerRoles = { sure: 'app', quick: 'quick' } as const;

export async function makeTables(primary: Server): Promise<void> {
  for (
    const statement of [
      `create role ${writerRoles.sure} login`,
      `create role ${writerRoles.quick} login`,
      `alter role ${writerRoles.quick} set synchronous_commit = local`,
      `create table register (id bigint primary key)`,
      `grant insert, select on register to ${writerRoles.sure}, ${writerRoles.quick}`,
      `create table account (id int primary key, balance bigint not null) with (fillfactor = 50)`,
      `insert into account select n, 0 from generate_series(1, ${accounts}) n`,
      `create table page (id int primary key, text text not null)`,
      `insert into page select n, md5(n::text) from generate_series(1, ${pages}) n`,
      `vacuum analyze`,
    ]
  ) await primary.query(statement);
}
