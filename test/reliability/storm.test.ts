import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sumOf } from '../../scripts/lib/storm/counts.ts';
import type { Facts } from '../../scripts/lib/storm/report.ts';
import { waitFor } from '../bed/wait-for.ts';

const script = fileURLToPath(new URL('../../scripts/storm', import.meta.url));
const notLinux = process.platform === 'linux' ? false : 'the command reads /proc';

const folder = mkdtempSync(join(tmpdir(), 'storm-'));
// The servers run as another user.
chmodSync(folder, 0o1777);
let stop = () => {};
after(() => {
  stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

const clients = 100;

test('a hundred clients that lose their primary all come back through the gateway, and none is refused', {
  skip: notLinux,
  timeout: 300_000,
}, async () => {
  const json = join(folder, 'storm.json');
  // Here, and not where other tests work at the same time, it is seen what is left behind.
  const args = [
    '--ways',
    'gateway',
    '--clients',
    `${clients}`,
    '--rounds',
    '1',
    '--seed',
    '2',
    '--json',
    json,
  ];
  const child = spawn(script, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  });
  stop = () => void child.kill('SIGTERM');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output += chunk);
  assert.equal(await new Promise((resolve) => child.once('close', resolve)), 0, output);
  const { trials: [trial] }: Facts = JSON.parse(readFileSync(json, 'utf8'));
  assert.equal(trial?.servedMs.length, clients, output);
  assert.ok(sumOf(trial.broken) >= clients, output);
  // They waited in the gateway. On a machine that is busy enough a client loses patience, which is no refusal.
  const failures = [...Object.keys(trial.notConnected), ...Object.keys(trial.notWritten)];
  assert.deepEqual(failures.filter((reason) => reason !== 'late'), [], output);
  assert.match(output, /^\| until all are \| \d+\.\d+ \|$/m);
  await waitFor('nothing else to be left', () => readdirSync(folder).join() === 'storm.json');
});
