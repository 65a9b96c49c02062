import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask } from '../bed/clients.ts';
import { type Cluster, startCluster, startStranger } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, runProgram, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

/**
 * An address that moves from one server to another between two probes, as a virtual address or a service does: the
 * connection of the probe stays where it is, and new ones end up elsewhere.
 */
class MovingAddress {
  target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: number) {
    this.target = target;
    this.#server = createServer((near) => {
      const far = connect(this.target, '127.0.0.1');
      for (const [socket, other] of [[near, far], [far, near]] as const) {
        this.#sockets.add(socket);
        socket.on('error', () => {}).on('close', () => other.destroy());
        socket.pipe(other);
      }
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as { port: number }).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

describe(`a standby at the primary's address, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let address: MovingAddress;

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    address = new MovingAddress(cluster.first.port);
    const port = await address.listen();
    // Without TLS, or the gateway sees nothing; and without probes in between.
    gateway = await startGateway({
      CANDIDATES: `127.0.0.1:${port}`,
      HOLD_MS: '1500',
      PROBE_INTERVAL_MS: '600000',
      QUERY_TIMEOUT_MS: '5000',
    });
    await gateway.routesTo(port);
  });

  after(async () => {
    await gateway?.stop();
    address?.close();
    await cluster?.close();
  });

  const question = 'select pg_is_in_recovery() as standby';

  test('no client of the primary port gets it, and the refusal says why', async () => {
    assert.deepEqual(await ask(gateway.port, question), [{ standby: false }]);
    address.target = cluster.servers[1]!.port;
    await assert.rejects(ask(gateway.port, question), (error: { code?: string; message: string }) => {
      assert.equal(error.code, '57P03');
      assert.match(error.message, /the server turned out to be a standby/);
      return true;
    });
  });

  test('a client that waits gets the primary when it is back', async () => {
    const answer = ask(gateway.port, question);
    await waitFor('the client to wait', async () => await gateway.metric('pg_gateway_held') === 1);
    address.target = cluster.first.port;
    assert.deepEqual(await answer, [{ standby: false }]);
  });
});

describe(`another system at the primary's address, on ${gatewayRuntime}`, () => {
  let old: Cluster;
  let anew: Cluster;
  let gateway: GatewayProcess;
  let address: MovingAddress;
  const folder = mkdtempSync(join(tmpdir(), 'forget-'));
  const control = join(folder, 'control.sock');

  before(async () => {
    [old, anew] = await Promise.all([startCluster(), startStranger()]);
    address = new MovingAddress(old.first.port);
    const port = await address.listen();
    gateway = await startGateway({
      CANDIDATES: `127.0.0.1:${port}`,
      PREWARM: '0',
      HOLD_MS: '500',
      CONTROL_SOCKET: control,
    });
    await gateway.routesTo(port);
  });

  after(async () => {
    await gateway?.stop();
    rmSync(folder, { recursive: true });
    address?.close();
    await Promise.all([old?.close(), anew?.close()]);
  });

  test('is not served at first, and the refusal says what to do; after ten seconds it is', async () => {
    address.target = anew.first.port;
    await old.first.stop();
    await waitFor('the server to be foreign', async () => {
      const { candidates } = JSON.parse((await gateway.get('/status')).body);
      return candidates[0].standing === 'foreign';
    });
    const server = 'select inet_server_port() as port';
    await assert.rejects(ask(gateway.port, server), (error: { code?: string; message: string }) => {
      assert.equal(error.code, '57P03');
      assert.match(
        error.message,
        /if that is the right one now, run pg_gateway forget-system, or set SYSTEM_IDENTIFIER=\d+$/,
      );
      return true;
    });
    // A probe that fails on a busy machine begins the ten seconds anew.
    await waitFor('the new system to be served', async () => {
      const { route } = JSON.parse((await gateway.get('/status')).body);
      return route.primary !== null;
    }, { deadlineMs: 90_000 });
    assert.deepEqual(await ask(gateway.port, server), [{ port: anew.first.port }]);
    const journal = JSON.parse((await gateway.get('/journal')).body);
    const at = journal.findIndex(({ rule }: Record<string, unknown>) => rule === 'newSystem');
    const [refused, served] = journal.slice(at - 1, at + 1).map((entry: { rule: string; time: string }) => {
      return { rule: entry.rule, at: Date.parse(entry.time) };
    });
    assert.deepEqual([refused.rule, served.rule], ['noPrimary', 'newSystem']);
    assert.ok(served.at - refused.at >= 9_000, `${served.at - refused.at} ms`);
  });

  test('is served at once after forget-system, which says first what that means', async () => {
    await old.first.start();
    address.target = old.first.port;
    await anew.first.stop();
    await waitFor('the server to be foreign', async () => {
      const { candidates } = JSON.parse((await gateway.get('/status')).body);
      return candidates[0].standing === 'foreign';
    });
    const warned = await runProgram(['forget-system', '--control-socket', control]);
    assert.equal(warned.code, 2);
    assert.match(warned.stderr, /nothing is forgotten yet: the gateway forgets system \d+, .*Say --yes/);
    assert.equal(JSON.parse((await gateway.get('/status')).body).route.primary, null);
    const done = await runProgram(['forget-system', '--yes', '--control-socket', control]);
    assert.equal(done.code, 0, done.stderr);
    assert.match(
      done.stdout,
      /^Done: the gateway forgets system \d+,[^]*\nNow: .* is primary on timeline 1\.\n$/,
    );
    assert.deepEqual(await ask(gateway.port, 'select inet_server_port() as port'), [{
      port: old.first.port,
    }]);
    assert.ok(
      !JSON.parse((await gateway.get('/journal')).body).slice(-1).some(({ rule }: { rule: string }) =>
        rule === 'newSystem'
      ),
    );
  });
});
