// CANDIDATES=db1,db2 PGUSER=app PGPASSWORD=... deno test --allow-env --allow-net --allow-read deno.ts
import { notEqual } from 'node:assert/strict';
import { createGateway } from '@pg-gateway/gateway';
import postgres from 'postgres';

/** A program that embeds a gateway: its clients reach the primary, whichever server that is. */
async function startApplication() {
  const env = Deno.env.toObject();
  const gateway = await createGateway({ HOLD_MS: '30s' }, { env });
  gateway.on('verdict', ({ primary, reason }) => console.log(`primary: ${primary ?? 'none'}, as ${reason}`));
  const { host, port } = gateway.address;
  const sql = postgres({ host, port, user: env.PGUSER, database: 'postgres', fetch_types: false });
  const stop = () => sql.end().finally(() => gateway.close());
  return { gateway, sql, stop };
}

/** A test suite that wants a port which fails over. */
Deno.test('the application gets over a failover', async () => {
  const { gateway, sql, stop } = await startApplication();
  const [before] = await sql`select pg_backend_pid() as pid`;
  await gateway.fakeFailover({ ms: 500 });
  const [after] = await sql`select pg_backend_pid() as pid`;
  notEqual(after.pid, before.pid);
  await stop();
});
