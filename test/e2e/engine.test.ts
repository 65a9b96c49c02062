import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ask } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { gatewayRuntime, runProgram, startGateway } from '../bed/gateway.ts';

/** Node has no FFI; elsewhere Linux on these two architectures is enough. */
const hasNative = gatewayRuntime !== 'node' && process.platform === 'linux' &&
  ['x64', 'arm64'].includes(process.arch);
const notDeno = gatewayRuntime === 'deno' ? false : 'only Deno has permissions';
const hasOne = hasNative ? 'there is a native engine here' : false;

describe(`the engine on ${gatewayRuntime}`, () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster();
  });

  after(async () => await cluster?.close());

  for (
    const [wish, workers, expected] of [
      ['auto', '1', hasNative ? 'native' : 'portable'],
      ['portable', '1', 'portable'],
      ['auto', '0', 'portable'],
      ...(hasNative ? [['native', '2', 'native']] as const : []),
    ] as const
  ) {
    test(`ENGINE=${wish} with ${workers} worker(s) is ${expected}: the log says why, the metrics say which`, async () => {
      const gateway = await startGateway({
        CANDIDATES: cluster.candidates,
        ENGINE: wish,
        NUM_THREADS: workers,
      });
      await gateway.routesTo(cluster.first.port);
      assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
      const line = gateway.log.find(({ event }) => event === 'engine');
      assert.equal(line?.['engine'], expected);
      assert.ok(String(line?.['why']).length > 5);
      const { body } = await gateway.get('/metrics');
      assert.match(body, new RegExp(`^pg_gateway_engine\\{engine="${expected}",runtime="[a-z]+"\\} 1$`, 'm'));
      if (process.platform === 'linux') {
        assert.match(body, /^process_resident_memory_bytes [1-9][0-9]{6}/m);
        assert.match(body, /^process_open_fds [1-9]/m);
      }
      assert.equal(await gateway.stop(), 0);
    });
  }

  test('ENGINE=native where it cannot be had is told, with the reason', { skip: hasOne }, async () => {
    const { code, stderr } = await runProgram([], {
      CANDIDATES: cluster.candidates,
      PGUSER: 'postgres',
      ENGINE: 'native',
      METRICS_PORT: '0',
    });
    assert.equal(code, 1);
    assert.match(stderr, /ENGINE=native cannot be had: .*this runtime has no FFI/);
  });

  test('without --allow-ffi it is portable, and says so', { skip: notDeno }, async () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const child = spawn(
      `${root}node_modules/.bin/deno`,
      [
        'run',
        '--no-check',
        '--no-prompt',
        '--allow-net',
        '--allow-env',
        '--allow-read',
        '--allow-sys',
        `${root}src/main.ts`,
      ],
      {
        cwd: root,
        env: {
          ...process.env,
          CANDIDATES: cluster.candidates,
          PGUSER: 'postgres',
          LISTEN_PORT: '0',
          METRICS_PORT: '0',
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let log = '';
    await new Promise<void>((resolve) => {
      child.once('close', () => resolve());
      child.stderr.on('data', (chunk) => {
        log += chunk;
        if (/"primary":"127/.test(log)) child.kill('SIGTERM');
      });
    });
    assert.match(
      log,
      /"event":"engine","message":"[^"]+","engine":"portable","runtime":"deno","why":"no native engine: .*ffi/i,
    );
    assert.match(log, /"event":"listening"/);
  });
});
