import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ask, clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { assertReplays } from '../bed/evidence.ts';
import { type GatewayProcess, gatewayRuntime, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

const limits = {
  PROBE_INTERVAL_MS: '100',
  CONNECT_TIMEOUT_MS: '1500',
  QUERY_TIMEOUT_MS: '1500',
  FAIL_AFTER: '2',
};

/** Longer than an answer counts with these limits: three times their sum. */
const stoppedMs = 10_000;

describe(`a gateway that was stopped for a while, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess | undefined;
  const folder = mkdtempSync(join(tmpdir(), 'stall-'));
  const control = join(folder, 'control.sock');

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
  });

  after(async () => {
    gateway?.signal('SIGKILL');
    await cluster?.close();
    rmSync(folder, { recursive: true });
  });

  test('goes on with the same primary and epoch, and its sessions', async () => {
    const running = gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      CONTROL_SOCKET: control,
      ...limits,
    });
    await running.routesTo(cluster.first.port);
    const session = clientOf(running.port);
    const pid = () => session`select pg_backend_pid() as pid`.then(([row]) => row!['pid']);
    const before = await pid();
    const epoch = () => running.metric('pg_gateway_epoch');
    const epochBefore = await epoch();
    assert.ok(epochBefore! > 0);
    const { length } = running.log;

    running.signal('SIGSTOP');
    // Nothing tells when an answer has become too old but the time.
    await pause(stoppedMs);
    running.signal('SIGCONT');

    const since = () => running.log.slice(length);
    await waitFor('it to notice', () => since().some(({ event }) => event === 'stalled'), {
      evidence: () => JSON.stringify(since()),
    });
    assert.deepEqual(await ask(running.port, 'select 1 as one'), [{ one: 1 }]);
    assert.equal(await pid(), before);
    assert.equal(await epoch(), epochBefore);
    assert.equal(since().find(({ event }) => event === 'no_primary'), undefined);
    await session.end();
    await assertReplays(control);
    assert.equal(await running.stop(), 0);
  });
});
