/**
 * What happens to the gateway itself, and must happen to nobody else: no descriptor left, no room on the disk, the clock set,
 * the control plane stopped. Each has a gateway of its own before the same servers, all at the same time.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type postgres from 'postgres';
import { ask, clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import {
  type GatewayProcess,
  patient,
  runProgram,
  startGateway,
  startUnread,
  type UnreadGateway,
} from '../bed/gateway.ts';
import { freePort } from '../bed/ports.ts';
import { cannotStopThreads, stopThread } from '../bed/stop-thread.ts';
import { waitFor } from '../bed/wait-for.ts';
import { bytesOf, firstPacket, message, protocol30 } from '../data/packets.ts';

const folder = mkdtempSync(join(tmpdir(), 'own-faults-'));
let cluster: Cluster;
const gateways: GatewayProcess[] = [];
const clients: postgres.Sql[] = [];
const unread: UnreadGateway[] = [];

before(async () => {
  cluster = await startCluster({ standbys: 1, maxConnections: 300 });
  await cluster.first.query('create role files login');
  await cluster.server(1).catchUp();
});

after(async () => {
  for (const gateway of gateways) gateway.signal('SIGKILL');
  await Promise.all(unread.map((gateway) => gateway.stop()));
  for (const client of clients) await client.end({ timeout: 0 });
  await cluster?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string, settings: Record<string, string> = {}) {
  const control = join(folder, `${name}.sock`);
  const gateway = await startGateway({
    ...patient,
    CANDIDATES: cluster.candidates,
    CONTROL_SOCKET: control,
    NUM_THREADS: '1',
    ...settings,
  });
  gateways.push(gateway);
  await gateway.routesTo(cluster.first.port);
  return { gateway, control };
}

/** A client that stays. */
function session(port: number): postgres.Sql {
  const client = clientOf(port);
  clients.push(client);
  return client;
}

/** The lines of an event, since the line number `from`. */
const lines = ({ log }: GatewayProcess, event: string, from = 0) =>
  log.slice(from).filter((line) => line.event === event);

const noPrlimit = spawnSync('prlimit', ['--version']).status === 0
  ? false
  : 'prlimit is not installed, which changes the limits of another process';

const noMount = process.platform === 'linux' && process.getuid?.() === 0
  ? false
  : 'only root on Linux can make a small disk';

const faketime = ['x86_64', 'aarch64'].map((machine) =>
  `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`
)
  .find((path) => existsSync(path));
const noFaketime = faketime === undefined
  ? 'faketime is not installed, which sets the clock of one program'
  : false;

const memoryGroups = '/sys/fs/cgroup/memory';
const noMemoryLimit =
  noMount || !existsSync(join(memoryGroups, 'memory.limit_in_bytes')) || !isWritable(memoryGroups)
    ? 'there are no control groups of version 1 here that could limit memory'
    : false;

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

describe('a fault of our own', { concurrency: true }, () => {
  test('no descriptor left: sessions go on, the route stays, and all is back when there are some', {
    skip: noPrlimit,
  }, async () => {
    const { gateway, control } = await start('files', {
      PGUSER: 'files',
      PROBE_INTERVAL_MS: '100',
      HOLD_MS: '60000',
    });
    const good = session(gateway.port);
    await good`select 1`;
    const epoch = await gateway.metric('pg_gateway_epoch');
    const { length } = gateway.log;
    const limit = (count: number) =>
      execFileSync('prlimit', ['--pid', String(gateway.pid), `--nofile=${count}:`]);
    const most = Number(/open files\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/limits`, 'utf8'))![1]);

    // Fewer than there are: what is closed meanwhile gives none back.
    limit(10);
    // The probe has to connect again, and cannot.
    await cluster.first.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'files'`,
    );
    const newcomers = Array.from(
      { length: 5 },
      () => ask(gateway.port, 'select 1 as one', { connect_timeout: 300 }),
    );
    await waitFor(
      'it to be told',
      () =>
        gateway.log.slice(length).some(({ event }) =>
          event === 'accept_exhausted' || event === 'dial_exhausted'
        ),
    );
    for (let query = 0; query < 200; query++) await good`select 1`;
    const reloading = runProgram(['reload', '--control-socket', control]);
    const tellsAll = runProgram(['clients', '--control-socket', control]);
    for (let query = 0; query < 200; query++) await good`select 1`;

    limit(most);
    for (const [row] of await Promise.all(newcomers)) assert.deepEqual(row, { one: 1 });
    assert.deepEqual([(await reloading).code, (await tellsAll).code], [0, 0]);
    assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
    const since = gateway.log.slice(length).map((line) => JSON.stringify(line)).join('\n');
    assert.equal(await gateway.metric('pg_gateway_epoch'), epoch, since);
    assert.deepEqual(lines(gateway, 'no_primary', length), []);
    assert.deepEqual(lines(gateway, 'fault'), []);
    await good.end();
  });

  test('no room on the disk of the log: all goes on, and what was lost is counted', {
    skip: noMount,
  }, async () => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
    try {
      const [logFile, control, filler] = ['log', 'gateway.sock', 'filler'].map((name) =>
        join(disk, name)
      ) as [string, string, string];
      const descriptor = openSync(logFile, 'a');
      const port = await freePort();
      const settings = {
        ...patient,
        CANDIDATES: cluster.candidates,
        CONTROL_SOCKET: control,
        NUM_THREADS: '1',
      };
      const gateway = startUnread({ ...settings, LISTEN_PORT: String(port) }, descriptor);
      closeSync(descriptor);
      unread.push(gateway);
      const good = session(port);
      await waitFor('a session', () => good`select 1`);
      fillUp(filler);
      // The last page of the log has room.
      fillUp(logFile);
      const command = (...words: readonly string[]) => runProgram([...words, '--control-socket', control]);
      for (let round = 0; round < 3; round++) {
        // Each is logged.
        assert.equal((await command('pause', '--timeout', '60s')).code, 0);
        await good`select 1`;
        assert.equal((await command('resume')).code, 0);
        assert.deepEqual(await ask(port, 'select 1 as one'), [{ one: 1 }]);
      }
      const evidence = await command('evidence', '--out', join(disk, 'evidence.json'));
      assert.match(evidence.stderr, /evidence\.json cannot be written \(ENOSPC\)/);
      assert.equal(evidence.code, 1);
      rmSync(filler);
      assert.equal((await command('pause', '--timeout', '60s')).code, 0);
      assert.equal((await command('resume')).code, 0);
      const log = readFileSync(logFile, 'utf8');
      assert.match(log, /"event":"log_lines_lost".*"lines":\d+/);
      for (const line of log.split('\n').filter((line) => line !== '')) JSON.parse(line);
      await good.end();
      assert.equal(await gateway.stop(), 0);
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });

  test('the clock set back and forward by an hour decides nothing', { skip: noFaketime }, async () => {
    const clock = join(folder, 'clock');
    writeFileSync(clock, '+0');
    const { gateway, control } = await start('clock', {
      LD_PRELOAD: faketime!,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      PROBE_INTERVAL_MS: '100',
      IDLE_TIMEOUT_MS: '60000',
    });
    const good = session(gateway.port);
    const pid = () => good`select pg_backend_pid() as pid`.then(([row]) => row!['pid']);
    const [backend, epoch] = [await pid(), await gateway.metric('pg_gateway_epoch')];
    const { length } = gateway.log;
    const command = (...words: readonly string[]) => runProgram([...words, '--control-socket', control]);
    for (const by of ['-1h', '+1h']) {
      assert.equal((await command('pause', '--timeout', '1s')).code, 0);
      const before = gateway.log.length;
      writeFileSync(clock, by);
      // It ends by a timer, which the clock must not move.
      const over = await waitFor('the pause to end', () => lines(gateway, 'resumed', before)[0]);
      const hours = Math.round((Date.parse(String(over['time'])) - Date.now()) / 3_600_000);
      assert.equal(hours, by === '-1h' ? -1 : 1, 'the gateway has that clock');
      assert.equal(await pid(), backend);
      assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
      // Several probes, by the new clock.
      const asked = async () => (await gateway.metric(countOf(cluster.first.port)))!;
      const soFar = await asked();
      await waitFor('more answers', async () => await asked() > soFar + 3);
      const { uptimeMs, candidates } = JSON.parse((await gateway.get('/status')).body);
      assert.ok(uptimeMs > 0 && uptimeMs < 600_000, `up for ${uptimeMs} ms`);
      for (const { answer } of candidates) {
        assert.ok(answer.ageMs >= 0 && answer.ageMs < 60_000, answer.ageMs);
      }
    }
    assert.equal(await gateway.metric('pg_gateway_epoch'), epoch);
    const events = gateway.log.slice(length).map(({ event }) => event);
    assert.deepEqual([...new Set(events)].toSorted(), ['command', 'paused', 'resumed']);
    await good.end();
  });

  test('a limit of memory: MAX_BUFFERED_BYTES keeps clients that do not read from being the end of all', {
    skip: noMemoryLimit,
  }, async () => {
    const { gateway } = await start('memory', { MAX_BUFFERED_BYTES: '8MB' });
    const good = session(gateway.port);
    await good`select 1`;
    const crowd = new Crowd(gateway.port);
    const group = new MemoryGroup(gateway.pid, limitBytes);
    try {
      await waitFor('one to be refused', async () => {
        await crowd.comeOne();
        return crowd.refusals > 0;
      }, { everyMs: 20, deadlineMs: 60_000 });
      assert.match(crowd.lastRefusal, /C53300.*keeps as many bytes as it may/s);
      await good`select 1`;
      crowd.leave();
      await waitFor('new ones to be served again', () => ask(gateway.port, 'select 1'));
    } finally {
      crowd.leave();
      gateway.signal('SIGKILL');
      await gateway.exited;
      group.remove();
    }
  });

  test('the control plane stopped for ten seconds: sessions go on, new ones come, and nothing follows', {
    skip: cannotStopThreads,
  }, async () => {
    const { gateway } = await start('control', { PROBE_INTERVAL_MS: '100' });
    const good = session(gateway.port);
    const pid = () => good`select pg_backend_pid() as pid`.then(([row]) => row!['pid']);
    const [backend, epoch] = [await pid(), await gateway.metric('pg_gateway_epoch')];
    const { length } = gateway.log;
    // The thread of the process itself.
    const release = await stopThread(gateway.pid);
    const until = performance.now() + stoppedMs;
    let [queries, newcomers] = [0, 0];
    while (performance.now() < until) {
      assert.equal(await pid(), backend);
      queries += 1;
      if (queries % 100 !== 0) continue;
      assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
      newcomers += 1;
    }
    release();
    await waitFor('it to notice', () => lines(gateway, 'stalled', length)[0]);
    assert.equal(await pid(), backend);
    assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
    assert.ok(newcomers > 0);
    assert.equal(await gateway.metric('pg_gateway_epoch'), epoch);
    const events = gateway.log.slice(length).map(({ event }) => event);
    for (const event of ['no_primary', 'candidate_down', 'dead_server_sessions_ended', 'worker_stuck']) {
      assert.ok(!events.includes(event), event);
    }
    await good.end();
  });
});

const stoppedMs = 10_000;

/** More than the gateway needs beside what it keeps for clients: what it has used before the limit counts elsewhere. */
const limitBytes = 40 * 2 ** 20;

/** Clients that ask for much and read nothing of it. */
class Crowd {
  readonly #port: number;
  readonly #sockets: Socket[] = [];
  refusals = 0;
  lastRefusal = '';

  constructor(port: number) {
    this.#port = port;
  }

  /** Resolves when it has asked, was refused, or was let down. */
  comeOne(): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1');
    this.#sockets.push(socket);
    socket.write(startup);
    let said = '';
    return new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      socket.on('data', (bytes) => {
        said += bytes.toString('latin1');
        if (said.startsWith('E')) {
          this.refusals += 1;
          this.lastRefusal = said;
          resolve();
        } else if (said.includes(readyForQuery.toString('latin1'))) {
          socket.write(much);
          socket.pause();
          resolve();
        }
      });
    });
  }

  leave(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

const startup = Buffer.from(firstPacket(protocol30, bytesOf('user\0postgres\0database\0postgres\0\0')));
const readyForQuery = Buffer.from(message('Z', bytesOf('I')));
const much = Buffer.from(
  message('Q', bytesOf("select repeat('x', 1000000) from generate_series(1, 1000)\0")),
);

/** A control group (v1) with a limit of memory, and one process in it: what that has used before is not counted. */
class MemoryGroup {
  readonly #path: string;

  constructor(pid: number, bytes: number) {
    this.#path = join(memoryGroups, `pg_gateway-test-${pid}`);
    mkdirSync(this.#path);
    writeFileSync(join(this.#path, 'memory.limit_in_bytes'), String(bytes));
    writeFileSync(join(this.#path, 'cgroup.procs'), String(pid));
  }

  /** The process must have ended. */
  remove(): void {
    rmdirSync(this.#path);
  }
}

function countOf(port: number): string {
  return `pg_gateway_probe_duration_seconds_count{candidate="127.0.0.1:${port}"}`;
}

/** Until not one more byte fits. */
function fillUp(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (const size of [4096, 1]) {
      for (;;) {
        try {
          writeSync(file, Buffer.alloc(size, '\n'));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
          break;
        }
      }
    }
  } finally {
    closeSync(file);
  }
}
