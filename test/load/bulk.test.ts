import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import { clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { askAndStopReading } from '../bed/raw-client.ts';
import { standsStill, waitFor } from '../bed/wait-for.ts';

/** 8 KiB a row, 1 GiB in all, each row its own. */
const rows = 131_072;
const row = (n: number): string => `${n.toString(36).padStart(7, '.')}-`.repeat(1024);
const rowInSql = `repeat(lpad(n36, 7, '.') || '-', 1024)`;

const noProc = existsSync('/proc/self/status')
  ? false
  : 'there is no /proc to read the memory of a process from';

describe(`bulk on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  before(async () => {
    cluster = await startCluster({
      settings: { max_wal_size: '4GB', wal_level: 'minimal', max_wal_senders: '0' },
    });
    gateway = await startGateway({ CANDIDATES: cluster.candidates, ...patient });
    await gateway.routesTo(cluster.first.port);
    // What PostgreSQL has no function for: a number in base 36, as JavaScript writes it.
    await cluster.first.query(`create function base36(n bigint) returns text language sql immutable as $$
      with recursive digits(rest, text) as (
        select n / 36, substr('0123456789abcdefghijklmnopqrstuvwxyz', (n % 36)::int + 1, 1)
        union all
        select rest / 36, substr('0123456789abcdefghijklmnopqrstuvwxyz', (rest % 36)::int + 1, 1) || text
        from digits where rest > 0
      ) select text from digits where rest = 0 $$`);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  const expected = (): string => {
    const hash = createHash('sha256');
    for (let n = 0; n < rows; n++) hash.update(`${row(n)}\n`);
    return hash.digest('hex');
  };

  test(
    'COPY of 1 GiB arrives byte for byte, out of the server and into it',
    { timeout: 300_000 },
    async () => {
      const sql = clientOf(gateway.port);
      try {
        await sql`create unlogged table bulk (line text)`;
        // The gateway's own count must agree with what went through.
        const before = await gateway.metric('pg_gateway_bytes_client_to_backend_total') ?? 0;
        const into = await sql`copy bulk from stdin`.writable();
        await pipeline(Readable.from(lines(), { objectMode: false, highWaterMark: 1 << 20 }), into);
        const gone = await gateway.metric('pg_gateway_bytes_client_to_backend_total') ?? 0;
        assert.ok(gone - before >= rows * 8193, `${gone - before} bytes counted`);
        const [stored] = await sql.unsafe(`
        select count(*)::int as count, count(*) filter (where line = ${rowInSql})::int as equal
        from (select line, base36(row_number() over () - 1) as n36 from bulk) as numbered`);
        assert.deepEqual({ ...stored }, { count: rows, equal: rows });

        const hash = createHash('sha256');
        let bytes = 0;
        for await (const chunk of await sql`copy bulk to stdout`.readable()) {
          hash.update(chunk);
          bytes += chunk.length;
        }
        assert.equal(bytes, rows * 8193);
        assert.equal(hash.digest('hex'), expected());
      } finally {
        await sql.end({ timeout: 0 });
      }
    },
  );

  test(
    'readers that do not read cost bounded memory, and hold up nobody',
    { skip: noProc, timeout: 120_000 },
    async () => {
      const residentMiB = (): number =>
        Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]) / 1024;
      const sent = (): Promise<number | undefined> =>
        gateway.metric('pg_gateway_bytes_backend_to_client_total');
      const before = residentMiB();
      const count = 40;
      const endless = `copy (select repeat('x', 8000) from generate_series(1, 1000000)) to stdout`;
      const sockets = await Promise.all(
        Array.from({ length: count }, () => askAndStopReading(gateway.port, endless)),
      );
      // Everything stands still once all buffers between the servers and the clients are full.
      await standsStill('the flow', async () => await sent() ?? 0, { everyMs: 500, deadlineMs: 60_000 });
      const grownMiB = residentMiB() - before;
      // Each may hold half a MiB; what the runtime's heap leaves lying about comes on top.
      assert.ok(
        grownMiB < count * 0.5 + 48,
        `${count} stalled sessions: ${grownMiB.toFixed(1)} MiB more than before`,
      );
      const sql = clientOf(gateway.port);
      assert.deepEqual([...await sql`select 1 as one`], [{ one: 1 }]);
      await sql.end();
      for (const socket of sockets) socket.destroy();
      await waitFor(
        'them to be gone',
        async () => await gateway.metric('pg_gateway_connections_active') === 0,
      );
    },
  );
});

function* lines(): Generator<Buffer> {
  const batch = 128;
  for (let n = 0; n < rows; n += batch) {
    yield Buffer.from(Array.from({ length: batch }, (_, index) => `${row(n + index)}\n`).join(''));
  }
}
