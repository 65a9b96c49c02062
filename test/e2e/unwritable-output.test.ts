import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type postgres from 'postgres';
import { clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import {
  type GatewayProcess,
  gatewayRuntime,
  patient,
  runProgram,
  startGateway,
  startUnread,
} from '../bed/gateway.ts';
import { freePort, isListening } from '../bed/ports.ts';
import { waitFor } from '../bed/wait-for.ts';

const onlyLinux = process.platform === 'linux' ? false : 'only Linux has /dev/full';

describe(`output that cannot be written, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let folder: string;
  const descriptors: number[] = [];

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    folder = await mkdtemp(join(tmpdir(), 'pg_gateway-output-'));
  });

  after(async () => {
    descriptors.forEach((descriptor) => closeSync(descriptor));
    await cluster?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A gateway drains while it has this session, and ends with 0 when the session does. */
  async function drains(session: postgres.Sql, stop: () => Promise<number | null>): Promise<void> {
    const exited = stop();
    assert.deepEqual([...await session`select 2 as n`], [{ n: 2 }]);
    await session.end({ timeout: 5 });
    assert.equal(await exited, 0);
  }

  const settings = () => ({
    ...patient,
    CANDIDATES: cluster.candidates,
    PGUSER: 'postgres',
    DRAIN_MS: '60000',
  });

  test('a gateway goes on, and drains, when the reader of its log leaves', async () => {
    const gateway = await startGateway(settings());
    await gateway.routesTo(cluster.first.port);
    const session = clientOf(gateway.port);
    assert.deepEqual([...await session`select 1 as n`], [{ n: 1 }]);
    gateway.leaveLog();
    await makeItLog(gateway);
    await drains(session, () => gateway.stop());
  });

  /** A standby that goes is a change of verdict, which is logged. */
  async function makeItLog(gateway: GatewayProcess): Promise<void> {
    const verdicts = async () => (await gateway.metric('pg_gateway_verdicts_total'))!;
    const before = await verdicts();
    await cluster.server(1).stop();
    await waitFor('a line in the log', async () => (await verdicts()) > before);
  }

  test(
    'a gateway serves, and drains, when its log is on a full disk from the start',
    { skip: onlyLinux },
    async () => {
      const full = openSync('/dev/full', 'w');
      const port = await freePort();
      const gateway = startUnread({ ...settings(), LISTEN_PORT: `${port}` }, full);
      closeSync(full);
      const session = clientOf(port);
      await waitFor('a session', () => session`select 1`);
      await drains(session, gateway.stop);
    },
  );

  test(
    'a gateway starts, serves and finds its primary again while nobody reads its log and the pipe is full',
    { skip: onlyLinux },
    async () => {
      const pipe = join(folder, 'full');
      execFileSync('mkfifo', [pipe]);
      const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
      fill(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
      const writer = openSync(pipe, 'w');
      const port = await freePort();
      const gateway = startUnread({ ...settings(), LISTEN_PORT: `${port}`, LOG_LEVEL: 'debug' }, writer);
      closeSync(writer);
      const session = clientOf(port);
      await waitFor('a session', () => session`select 1`);
      await cluster.first.stop();
      await cluster.first.start();
      await waitFor('a session after a restart of the server', () => session`select 1`);
      await drains(session, gateway.stop);
      closeSync(reader);
    },
  );

  /** Until not one more byte fits. */
  function fill(pipe: number): void {
    for (const bytes of [Buffer.alloc(4096, '-'), Buffer.alloc(1, '-')]) {
      try {
        for (;;) writeSync(pipe, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
    }
    closeSync(pipe);
  }

  test('a log that is read again says how many lines were lost', async () => {
    const pipe = join(folder, 'log');
    execFileSync('mkfifo', [pipe]);
    const readable = constants.O_RDONLY | constants.O_NONBLOCK;
    const reader = openSync(pipe, readable);
    const writer = openSync(pipe, 'w');
    const port = await freePort();
    const gateway = startUnread({ ...settings(), LISTEN_PORT: `${port}` }, writer);
    closeSync(writer);
    let text = '';
    const read = (from: number): string => {
      const bytes = Buffer.alloc(65_536);
      try {
        return text += bytes.toString('utf8', 0, readSync(from, bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        return text;
      }
    };
    await waitFor('the gateway to listen', () => read(reader).includes('"listening"'));
    closeSync(reader);
    const session = clientOf(port);
    await waitFor('a session', () => session`select 1`);
    const stopped = gateway.stop();
    // The line about the drain comes before this, and is lost: every line before it may have been read.
    await waitFor('the port to be closed', async () => !await isListening(port));
    const again = openSync(pipe, readable);
    await session.end({ timeout: 5 });
    assert.equal(await stopped, 0);
    assert.match(read(again), /"event":"log_lines_lost".*"lines":\d+/);
    closeSync(again);
  });

  for (
    const [what, args] of [['check', ['check']], ['--help', ['--help']], ['--version', [
      '--version',
    ]]] as const
  ) {
    test(`${what} into a pipe that nobody reads ends without a stack`, async () => {
      const { code, stderr } = await runProgram(args, settings(), { stdout: brokenPipe() });
      assert.doesNotMatch(stderr, /EPIPE|Broken pipe|\bat /);
      assert.equal(code, 0);
    });
  }

  test('explain into a pipe that nobody reads ends without a stack', async () => {
    const gateway = await startGateway(settings());
    await gateway.routesTo(cluster.first.port);
    const args = ['explain', '--json', '--url', `http://127.0.0.1:${gateway.metricsPort}`];
    const { code, stderr } = await runProgram(args, {}, { stdout: brokenPipe() });
    assert.equal(stderr, '');
    assert.equal(code, 0);
    await gateway.stop();
  });

  test('--help on a full disk says so, and fails', { skip: onlyLinux }, async () => {
    const full = openSync('/dev/full', 'w');
    const { code, stderr } = await runProgram(['--help'], {}, { stdout: full });
    closeSync(full);
    assert.match(stderr, /^pg_gateway: standard output cannot be written \(ENOSPC\): see to its disk\.\n$/);
    assert.equal(code, 1);
  });

  /** The end of a pipe into which nothing can be written. */
  function brokenPipe(): number {
    const path = join(folder, `broken-${descriptors.length}`);
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, 'w');
    closeSync(reader);
    descriptors.push(writer);
    return writer;
  }
});
