import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noOwnNetwork } from '../../../scripts/lib/attacks/network.ts';
import { familyOf, isRunning, listProcesses } from '../../../src/demo/servers/processes.ts';
import { waitFor } from '../../bed/wait-for.ts';

const script = fileURLToPath(new URL('../../../scripts/failover', import.meta.url));
const notLinux = process.platform === 'linux' ? false : 'the command reads /proc';

const folder = mkdtempSync(join(tmpdir(), 'failover-'));
// The servers run as another user.
chmodSync(folder, 0o1777);
let stop = () => {};
// Also after a failure, which would otherwise wait for the whole run.
after(() => {
  stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

function start(args: readonly string[]) {
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(script, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  stop = () => void child.kill('SIGTERM');
  let output = '';
  child.stdout.on('data', (chunk) => output += chunk);
  child.stderr.on('data', (chunk) => output += chunk);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { pid: child.pid!, output: () => output, ended, signal: (name: NodeJS.Signals) => child.kill(name) };
}

test('promotions are measured, from a promotion to a write', {
  skip: notLinux,
  timeout: 300_000,
}, async () => {
  const kinds = noOwnNetwork() ? ['kill', 'stop'] : ['stop', 'silence'];
  const plan = ['--promotions', '2', '--kinds', kinds.join(), '--clients', '2', '--runtime', 'node'];
  const run = start(['--only', 'promotions', ...plan]);
  assert.equal(await run.ended, 0, run.output());
  // The gateway's log tells whole milliseconds, so that a route may seem to be there a moment before its reason.
  for (const kind of kinds) {
    assert.match(run.output(), new RegExp(`^node +${kind} +1( +-?\\d+){10}$`, 'm'));
  }
  assert.match(run.output(), /^(?:met|missed) +promoted to first write, p99 +node +\d+ ms/m);
  await waitFor('the folder to be empty', () => readdirSync(folder).length === 0);
});

test('Ctrl-C leaves no process and no folder', { skip: notLinux, timeout: 300_000 }, async () => {
  const run = start(['--only', 'promotions', '--runtime', 'node']);
  // Three servers, their watchdog and the gateway.
  const children = () => listProcesses().filter(({ parent }) => parent === run.pid);
  await waitFor('all to run', () => children().length >= 5, { deadlineMs: 240_000 });
  const family = familyOf(run.pid);
  run.signal('SIGINT');
  assert.equal(await run.ended, 130, run.output());
  await waitFor('all to be gone', () => readdirSync(folder).length === 0 && !family.some(isRunning));
});
