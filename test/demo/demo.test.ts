import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/ports.ts';
import { familyOf, isRunning } from '../support/processes.ts';
import { waitFor } from '../support/wait-for.ts';

const demo = fileURLToPath(new URL('../../scripts/demo', import.meta.url));

interface Run {
  readonly pid: number;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
  signal(name: NodeJS.Signals): void;
}

function start(args: readonly string[], folder = tmpdir()): Run {
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(demo, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  child.stdout.on('data', (chunk) => output += chunk);
  child.stderr.on('data', (chunk) => output += chunk);
  return {
    pid: child.pid!,
    output: () => output,
    ended: new Promise((resolve) => child.once('close', resolve)),
    signal: (name) => void child.kill(name),
  };
}

describe('scripts/demo', () => {
  test('plays what it is told, and the writer writes again after each loss of the primary', {
    timeout: 120_000,
  }, async () => {
    const run = start([
      '--port',
      String(await freePort()),
      '--run',
      'kill; promote; wait; back; switchover; wait; quit',
    ]);
    assert.equal(await run.ended, 0, run.output());
    // Which of the two standbys has more of the log is chance.
    assert.match(run.output(), /killed server1 with SIGKILL/);
    assert.match(run.output(), /the writer writes to server[23]/);
    assert.match(run.output(), /switched from server[23] to server[123]/);
  });

  test('Ctrl-C leaves no process and no folder', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'demo-'));
    // The servers run as another user.
    chmodSync(folder, 0o1777);
    const run = start(['--port', String(await freePort()), '--run', 'wait 60; quit'], folder);
    await waitFor('the cluster to stand', () => /the gateway routes to server1/.test(run.output()), {
      deadlineMs: 60_000,
    });
    const family = familyOf(run.pid);
    assert.ok(family.length > 5, `${family.length} processes`);
    assert.notDeepEqual(readdirSync(folder), []);
    run.signal('SIGINT');
    await run.ended;
    await waitFor('its processes to be gone', () => !family.some(isRunning));
    await waitFor('its folders to be gone', () => readdirSync(folder).length === 0);
    rmSync(folder, { recursive: true });
  });

  test('an unknown command is told with those that there are', async () => {
    const run = start(['--run', 'explode']);
    assert.notEqual(await run.ended, 0);
    assert.match(run.output(), /explode/);
    assert.match(run.output(), /promote/);
  });
});
