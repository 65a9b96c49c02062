import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { killAll, lineOf, run, start } from '../../../scripts/lib/bench/children.ts';
import { buildFloor, floorIn } from '../../../scripts/lib/bench/floor.ts';
import { startCrowd, startStandIn } from '../../../scripts/lib/bench/idle.ts';
import { noisyNeighbour } from '../../../scripts/lib/bench/noisy.ts';
import { relayTargets } from '../../../scripts/lib/bench/options.ts';
import { isReady } from '../../../scripts/lib/bench/ready.ts';
import { targetOf } from '../../../scripts/lib/bench/targets.ts';
import { roundTrips, startEcho, startWire, wire } from '../../../scripts/lib/bench/wire.ts';
import { versionOf } from '../../../scripts/lib/bench/versions.ts';
import { isRunning } from '../../../src/demo/servers/processes.ts';
import { startCluster } from '../../bed/cluster.ts';
import { waitFor } from '../../bed/wait-for.ts';

after(killAll);

const notLinux = process.platform === 'linux' ? false : "the benchmark's raw client uses Linux's own calls";

test('a crowd logs in at the stand-in and stays', async () => {
  const standIn = await startStandIn({ host: '127.0.0.1', port: 1 });
  assert.equal(await isReady(standIn.host, standIn.port, 'postgres'), true);
  const crowd = await startCrowd(standIn, 100);
  assert.deepEqual(await lineOf(crowd, 0, 30_000), { held: 100, lost: 0, why: '' });
  await standIn.end();
  await crowd.end();
});

test('a crowd that finds nobody says so instead of waiting', async () => {
  const crowd = await startCrowd({ host: '127.0.0.1', port: 1 }, 3);
  const { held, lost, why } = await lineOf(crowd, 0, 30_000);
  assert.deepEqual([held, lost], [0, 3]);
  assert.match(String(why), /ECONNREFUSED/);
  await crowd.end();
});

test('the stand-in passes the probe of the gateway on to the real server', async () => {
  const server = createServer((socket) => void socket.once('data', (bytes) => socket.end(bytes)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const standIn = await startStandIn({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const hello = Buffer.from('\0\0\0\x26\0\x03\0\0application_name\0pg_gateway\0\0', 'latin1');
  const socket = connect(standIn.port, standIn.host, () => socket.write(hello));
  const [answer] = await once(socket, 'data') as [Buffer];
  assert.deepEqual(answer, hello);
  socket.destroy();
  server.close();
  await standIn.end();
});

test('the raw client measures the echo server, again and again', { skip: notLinux }, async () => {
  const echo = await startEcho();
  for (let time = 0; time < 2; time++) {
    const pids: number[] = [];
    const { medianUs = 0, p99Us = 0 } = await roundTrips('echo', echo, 200, (pid) => pids.push(pid));
    assert.ok(medianUs > 0 && p99Us >= medianUs);
    assert.equal(pids.length, 1);
  }
  await echo.end();
});

test('bare relays pass on all that is said, also to who reads slowly', async () => {
  const echo = createServer((socket) => void socket.on('error', () => {}).pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const { port } = echo.address() as AddressInfo;
  const sent = Buffer.from(Uint32Array.from({ length: 4_000_000 }, (_, at) => at).buffer);
  await Promise.all(relayTargets.map(async (name) => {
    const seats = { sessions: 10, threads: 1 };
    const relay = await targetOf(name, '').start({ host: '127.0.0.1', port }, seats, 'echo');
    const client = connect(relay.port, relay.host, () => client.write(sent));
    const got: Buffer[] = [];
    let length = 0;
    client.on('data', (bytes) => {
      got.push(bytes);
      client.pause();
      setImmediate(() => client.resume());
      length += bytes.length;
      if (length === sent.length) client.emit('all');
    });
    await once(client, 'all');
    assert.ok(Buffer.concat(got).equals(sent), name);
    client.destroy();
    await relay.end();
  }));
  echo.close();
});

test('a burst of clients is ready together, and leaves', { skip: notLinux }, async () => {
  const standIn = await startStandIn({ host: '127.0.0.1', port: 1 });
  const { leastMs = 0, medianMs = 0, mostMs = 0 } = await wire('burst', standIn, 3);
  assert.ok(leastMs > 0 && medianMs >= leastMs && mostMs >= medianMs);
  await standIn.end();
});

const isListening = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    const settle = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.on('connect', () => settle(true)).on('error', () => settle(false));
  });

const noCompiler = notLinux || (versionOf('cc') === undefined && 'there is no C compiler');

test('the floor and the raw client speak over unix sockets, too', { skip: noCompiler }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'floor-'));
  const port = 6432;
  const path = (name: string) => join(folder, name, `.s.PGSQL.${port}`);
  const standIn = await startStandIn({ host: '127.0.0.1', port: 1 });
  try {
    assert.equal(await buildFloor(folder), undefined);
    for (const name of ['one', 'two']) mkdirSync(join(folder, name));
    await start([floorIn(folder), path('one'), `${standIn.port}`]);
    await start([floorIn(folder), path('two'), path('one')]);
    for (const name of ['one', 'two']) await waitFor(`${name} to listen`, () => isListening(path(name)));
    const { medianMs = 0, mostMs = 0 } = await wire('burst', { host: join(folder, 'two'), port }, 2, 10);
    assert.ok(medianMs > 0 && mostMs >= medianMs);
  } finally {
    killAll();
    rmSync(folder, { recursive: true });
  }
});

test('quiet sessions answer at each word, and leave at the last', { skip: notLinux }, async () => {
  const standIn = await startStandIn({ host: '127.0.0.1', port: 1 });
  const quiet = await startWire('quiet', standIn, 120);
  assert.deepEqual(await lineOf(quiet, 0, 30_000), { ready: true });
  for (const time of [1, 2]) {
    quiet.tell('a');
    const { medianUs, p99Us } = await lineOf(quiet, time, 30_000);
    assert.ok(Number(medianUs) > 0 && Number(p99Us) >= Number(medianUs));
  }
  quiet.tell('q');
  assert.deepEqual(await lineOf(quiet, 3, 30_000), { left: true });
  assert.equal(await quiet.ended, 0);
  await standIn.end();
});

test('questions on quiet sessions are measured alone and beside a COPY that flows', {
  skip: notLinux,
  timeout: 120_000,
}, async () => {
  const cluster = await startCluster();
  try {
    const figures = await noisyNeighbour({ host: '127.0.0.1', port: cluster.first.port }, 40);
    assert.equal(figures['quietSessions'], 40);
    for (const [name, value] of Object.entries(figures)) assert.ok(Number(value) > 0, `${name} is ${value}`);
    assert.deepEqual(Object.keys(figures).toSorted(), [
      'noisyGbs',
      'noisyP99Us',
      'noisyUs',
      'quietP99Us',
      'quietSessions',
      'quietUs',
    ]);
  } finally {
    await cluster.close();
  }
});

test('a program that fails, hangs or does not exist is an error that says which', async () => {
  await assert.rejects(
    run(['sh', '-c', 'echo why; exit 3'], 30_000),
    /^Error: sh ended with exit code 3: why$/,
  );
  await assert.rejects(run(['sleep', '1000'], 50), /sleep did not end within 0.05 s/);
  await assert.rejects(start(['/no/such/program']), /ENOENT/);
});

test('a child sees nothing of the environment that could change what is measured', async () => {
  process.env['CONFIG_FILE'] = '/dev/null';
  try {
    assert.equal(
      await run(['sh', '-c', 'echo "$CONFIG_FILE$OURS"'], 30_000, { env: { OURS: 'yes' } }),
      'yes\n',
    );
  } finally {
    delete process.env['CONFIG_FILE'];
  }
});

test('with a child end its own children, which hold what it prints to open', { skip: notLinux }, async () => {
  // Three generations.
  const family = `sh -c 'sh -c "echo \\$\\$; exec sleep 300" & wait' & wait`;
  for (const end of [(child: Awaited<ReturnType<typeof start>>) => child.end(), () => killAll()]) {
    const child = await start(['sh', '-c', family]);
    await waitFor('the innermost one', () => child.lines.length > 0);
    await end(child);
    await child.ended;
    await waitFor('it to be gone', () => !isRunning(Number(child.lines[0])));
  }
});
