import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { type GatewayProcess, gatewayRuntime, runProgram, startGateway } from '../bed/gateway.ts';
import { isListening } from '../bed/ports.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'commands-'));
after(() => rmSync(folder, { recursive: true }));

const control = join(folder, 'control.sock');
const tell = (...args: string[]) => runProgram([...args, '--control-socket', control]);

/** Nobody listens there: what is tested here needs no server. */
const nowhere = { CANDIDATES: '127.0.0.1:1', CONTROL_SOCKET: control } as const;

describe(`commands and signals on ${gatewayRuntime}`, () => {
  let gateway: GatewayProcess;

  beforeEach(async () => {
    gateway = await startGateway({ ...nowhere });
  });

  afterEach(async () => {
    await gateway?.stop();
    assert.ok(!existsSync(control), 'the control socket is left behind');
  });

  const line = (event: string) =>
    waitFor(`the line ${event}`, () => gateway.log.find((line) => line.event === event));

  test('a command is obeyed, and logged with the uid that asked', async () => {
    assert.equal(gateway.log.find(({ event }) => event === 'listening')?.['control'], control);
    const { code, stdout } = await tell('log-level', 'debug');
    assert.deepEqual([code, stdout], [0, 'The gateway logs from level debug on.\n']);
    const { command, args, uid } = await line('command');
    assert.deepEqual([command, args], ['log-level', '{"level":"debug"}']);
    const mine = process.getuid?.();
    // Node has no means to ask the kernel: there it is who may open the socket.
    assert.equal(uid, gatewayRuntime === 'node' ? `0 or ${mine}` : String(mine));
  });

  test('one that makes no sense is told what would, with exit code 2', async () => {
    const { code, stderr } = await tell('log-level', 'loud');
    assert.equal(code, 2);
    assert.match(stderr, /"loud" is no level of the log: it is one of error, warn, info, debug/);
  });

  test('one to a gateway that is not there says what to check, with exit code 1', async () => {
    const { code, stderr } = await runProgram(['drain', '--control-socket', join(folder, 'none.sock')]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /none\.sock cannot be asked: there is no such socket \(ENOENT\): check that the gateway runs/,
    );
  });

  test('a second gateway with the same control socket does not start, and says what to do', async () => {
    const { code, stderr } = await runProgram([], {
      ...nowhere,
      LISTEN_PORT: '0',
      METRICS_PORT: '0',
      PGUSER: 'x',
    });
    assert.equal(code, 1);
    assert.match(stderr, /CONTROL_SOCKET=\S+ cannot be had: another gateway takes commands at .*"off"/);
  });

  test('that names no gateway finds the one that runs beside the socket of one that was killed', async () => {
    // Where commands look for it by themselves.
    const runtimeFolder = join(folder, 'run');
    const env = { ...nowhere, CONTROL_SOCKET: '', RUNTIME_DIRECTORY: runtimeFolder };
    const killed = await startGateway(env);
    const live = await startGateway(env);
    killed.signal('SIGKILL');
    await killed.exited;
    const { code, stderr } = await runProgram(['log-level', 'info'], { RUNTIME_DIRECTORY: runtimeFolder });
    // Others of this machine may run; those of this folder are told apart.
    assert.doesNotMatch(stderr, new RegExp(`${killed.port}\\.sock`));
    assert.ok(code === 0 || stderr.includes(`${live.port}.sock`), stderr);
    await live.stop();
  });

  test('drain ends the gateway as SIGTERM does', async () => {
    const { code } = await tell('drain');
    assert.equal(code, 0);
    assert.equal(await gateway.exited, 0);
    assert.equal((await line('stopped'))['signal'], 'drain');
  });

  test('SIGUSR1 and SIGUSR2 are a line in the log, and open no debugger', async () => {
    // Deno listens for SIGUSR1 itself from half a second after its start on: by then it answers a command.
    await tell('log-level', 'debug');
    gateway.signal('SIGUSR1');
    gateway.signal('SIGUSR2');
    const names = await waitFor('both lines', () => {
      const names = gateway.log.filter(({ event }) => event === 'signal_ignored').map(({ signal }) => signal);
      return names.length === 2 && names;
    });
    assert.deepEqual([...names].sort(), ['SIGUSR1', 'SIGUSR2']);
    await waitFor('nobody to listen on the port of debuggers', async () => !await isListening(9229));
    assert.equal((await gateway.get('/live')).status, 200);
  });
});

describe(`SIGQUIT on ${gatewayRuntime}`, () => {
  test('ends the gateway at once, in order, whatever DRAIN_MS is', async () => {
    const gateway = await startGateway({ ...nowhere, DRAIN_MS: '600000', HOLD_MS: '600000' });
    const client = connect(gateway.port, '127.0.0.1');
    client.on('error', () => {});
    await waitFor('a session', async () => await gateway.metric('pg_gateway_connections_active') === 1);
    gateway.signal('SIGQUIT');
    assert.equal(await gateway.exited, 0);
    assert.equal(gateway.log.findLast(({ event }) => event === 'stopped')?.['signal'], 'SIGQUIT');
    assert.ok(!existsSync(control));
    client.destroy();
  });
});
