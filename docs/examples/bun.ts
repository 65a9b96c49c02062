// CANDIDATES=db1,db2 PGUSER=app PGPASSWORD=... bun test ./bun.ts
import { createGateway } from '@pg-gateway/gateway';
import { SQL } from 'bun';
import { expect, test } from 'bun:test';

/** A program that embeds a gateway: its clients reach the primary, whichever server that is. */
async function startApplication() {
  const gateway = await createGateway({ HOLD_MS: '30s' }, { env: process.env });
  gateway.on('verdict', ({ primary, reason }) => console.log(`primary: ${primary ?? 'none'}, as ${reason}`));
  const { host, port } = gateway.address;
  const { PGUSER, PGPASSWORD } = process.env;
  const sql = new SQL({
    hostname: host,
    port,
    username: PGUSER!,
    password: PGPASSWORD!,
    database: 'postgres',
  });
  const stop = () => sql.close().finally(() => gateway.close());
  return { gateway, sql, stop };
}

/** A test suite that wants a port which fails over. */
test('the application gets over a failover', async () => {
  const { gateway, sql, stop } = await startApplication();
  const [before] = await sql`select pg_backend_pid() as pid`;
  await gateway.fakeFailover({ ms: 500 });
  const [after] = await sql`select pg_backend_pid() as pid`;
  expect(after.pid).not.toBe(before.pid);
  await stop();
}, 30_000);
