import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { notifySocket } from '../bed/notify-socket.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'systemd-'));
after(() => rmSync(folder, { recursive: true }));

const noProgram = gatewayRuntime === 'node' && !existsSync('/usr/bin/systemd-notify') &&
  "there is no systemd-notify on this machine, which Node needs: install Debian's package systemd";

describe(`systemd is told by ${gatewayRuntime}`, { skip: noProgram }, () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.close());

  for (const name of [join(folder, 'notify.sock'), `@pg_gateway-test-${process.pid}`]) {
    const where = name.startsWith('@') ? 'in the abstract namespace' : 'at a path';

    test(`of its whole life, on a socket ${where}`, async () => {
      const socket = await notifySocket(name);
      const about = (start: string) =>
        waitFor(
          start,
          () => socket.told.find((lines) => lines.some((line) => line.startsWith(start))),
          { evidence: () => JSON.stringify(socket.told) },
        );
      try {
        const gateway = await startGateway({
          ...patient,
          CANDIDATES: cluster.candidates,
          NOTIFY_SOCKET: name,
          WATCHDOG_USEC: '3000000',
          DRAIN_MS: '60000',
        });
        await about('READY=1');
        await gateway.routesTo(cluster.first.port);
        await about(`STATUS=primary ${cluster.first.address}, 0 sessions`);
        await about('WATCHDOG=1');
        const before = BigInt(Math.trunc(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6));
        gateway.signal('SIGHUP');
        const reloading = await about('RELOADING=1');
        // Neither clock is ahead of the other but for a machine that was suspended.
        const at = BigInt(/^MONOTONIC_USEC=(\d+)$/.exec(reloading[1] ?? '')?.[1] ?? 0);
        assert.ok(at > before - 1_000_000n && at < before + 60_000_000n, `${at} is not near ${before}`);
        const isReadyAgain = () => socket.told.filter((lines) => lines.includes('READY=1')).length === 2;
        await waitFor('READY=1 again', isReadyAgain);
        const sql = clientOf(gateway.port);
        await sql`select 1`;
        gateway.signal('SIGTERM');
        assert.deepEqual(await about('STOPPING=1'), ['STOPPING=1', 'STATUS=draining, 1 sessions']);
        await sql.end();
        assert.equal(await gateway.exited, 0);
      } finally {
        socket.close();
      }
    });
  }

  test('a socket that is not there is a warning, once', async () => {
    const gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      NOTIFY_SOCKET: join(folder, 'none'),
    });
    await gateway.routesTo(cluster.first.port);
    await waitFor('the warning', () => gateway.log.find(({ event }) => event === 'notify_failed'));
    await gateway.stop();
    assert.equal(gateway.log.filter(({ event }) => event === 'notify_failed').length, 1);
  });
});
