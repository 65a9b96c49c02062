import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import {
  type GatewayProcess,
  gatewayRuntime,
  patient,
  programCommand,
  runProgram,
  startGateway,
} from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'status-'));
const [one, two] = [join(folder, 'one.sock'), join(folder, 'two.sock')];
after(() => rmSync(folder, { recursive: true }));

/** util-linux has a program that runs another one in a terminal of its own. */
const script = '/usr/bin/script';
const noTerminal = existsSync(script) ? false : `a terminal is made by ${script}, which is not there`;

describe(`status on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  const gateways: GatewayProcess[] = [];

  before(async () => {
    cluster = await startCluster();
    for (const control of [one, two]) {
      const settings = {
        CANDIDATES: cluster.candidates,
        CONTROL_SOCKET: control,
        METRICS_PORT: 'off',
        ...patient,
      };
      gateways.push(await startGateway(settings));
    }
    for (const gateway of gateways) await gateway.routesTo(cluster.first.port);
  });
  after(async () => {
    for (const gateway of gateways) await gateway.stop();
    await cluster?.close();
  });

  test('shows a gateway on one screen, and several where several are named', async () => {
    const { code, stdout } = await runProgram(['status', '--control-socket', one]);
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`${one}: pg_gateway `));
    assert.match(stdout, new RegExp(`^Primary: ${cluster.first.address} for `, 'm'));
    const both = await runProgram(['status', one, two]);
    assert.equal(both.code, 0);
    assert.deepEqual([...both.stdout.matchAll(/^(\S+): pg_gateway /gm)].map(([, socket]) => socket), [
      one,
      two,
    ]);
  });

  test('shows those that answer beside one that does not, which makes the exit code 1', async () => {
    const none = join(folder, 'none.sock');
    const { code, stdout } = await runProgram(['status', none, two]);
    assert.equal(code, 1);
    assert.match(stdout, /none\.sock\n\nthe gateway at \S+ cannot be asked: there is no such socket/);
    assert.match(stdout, /^Primary: /m);
  });

  test('without a terminal, --watch prints one screen after the other, until it is told to end', async () => {
    const [command, ...args] = programCommand;
    const child = spawn(command!, [...args, 'status', '--watch', one], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    let said = '';
    child.stdout.on('data', (chunk) => said += chunk);
    await waitFor('two screens', () => said.split('Last changes:').length > 2);
    child.kill('SIGINT');
    assert.equal(await ended, 0);
    assert.ok(!said.includes('\x1b'), 'no escape sequence');
  });

  test(
    'in a terminal, --watch draws over the last screen, and leaves all as it was',
    { skip: noTerminal },
    async () => {
      const words = [...programCommand, 'status', '--watch', one].map((word) => `'${word}'`).join(' ');
      // Without exec a shell may stay between the two (dash does, bash does not), and die of the Ctrl-C itself.
      const child = spawn(script, ['-qec', `exec ${words}`, '/dev/null'], {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...process.env, SHELL: '/bin/sh' },
      });
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      let said = '';
      child.stdout.on('data', (chunk) => said += chunk);
      await waitFor('two screens', () => said.split('Last changes:').length > 2);
      // Ctrl-C, as the terminal makes a signal of it.
      child.stdin.write('\x03');
      assert.equal(await ended, 0);
      assert.ok(said.startsWith('\x1b[?1049h\x1b[?25l\x1b[H'), JSON.stringify(said.slice(0, 40)));
      assert.ok(said.trimEnd().endsWith('\x1b[?25h\x1b[?1049l'), JSON.stringify(said.slice(-40)));
    },
  );

  test('explain asks over the control socket where there is no metrics port', async () => {
    const { code, stdout } = await runProgram(['explain', '--control-socket', two]);
    assert.equal(code, 0);
    assert.match(stdout, /^What would change this:$/m);
    const { stdout: json } = await runProgram(['explain', '--metrics-port', 'off', '--json'], {
      CONTROL_SOCKET: two,
    });
    assert.equal(JSON.parse(json).route.primary.address, cluster.first.address);
  });
});
