// CANDIDATES=db1,db2 PGUSER=app PGPASSWORD=... node --test node.mjs
import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { createGateway } from '@pg-gateway/gateway';
import postgres from 'postgres';

/** A program that embeds a gateway: its clients reach the primary, whichever server that is. */
async function startApplication() {
  const gateway = await createGateway({ HOLD_MS: '30s' }, { env: process.env });
  gateway.on('verdict', ({ primary, reason }) => console.log(`primary: ${primary ?? 'none'}, as ${reason}`));
  const { host, port } = gateway.address;
  const sql = postgres({ host, port, user: process.env.PGUSER, database: 'postgres', fetch_types: false });
  const stop = () => sql.end().finally(() => gateway.close());
  return { gateway, sql, stop };
}

/** A test suite that wants a port which fails over. */
test('the application gets over a failover', async (t) => {
  const { gateway, sql, stop } = await startApplication();
  t.after(stop);
  const [before] = await sql`select pg_backend_pid() as pid`;
  await gateway.fakeFailover({ ms: 500 });
  const [after] = await sql`select pg_backend_pid() as pid`;
  equal(before.pid === after.pid, false, 'another session, and no error in between');
});
