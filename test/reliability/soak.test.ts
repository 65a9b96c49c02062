import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Facts } from '../../scripts/lib/soak/facts.ts';
import { familyOf, isRunning } from '../../src/demo/servers/processes.ts';
import { waitFor } from '../bed/wait-for.ts';

const script = fileURLToPath(new URL('../../scripts/soak', import.meta.url));
const notLinux = process.platform === 'linux' ? false : 'the command reads /proc';

const stops: (() => void)[] = [];
const folders: string[] = [];
// Also after a failure, which would otherwise wait for the whole run.
after(() => {
  for (const stop of stops) stop();
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
});

function start(args: string) {
  const folder = mkdtempSync(join(tmpdir(), 'soak-'));
  folders.push(folder);
  // The servers run as another user.
  chmodSync(folder, 0o1777);
  const json = join(folder, 'soak.json');
  // Here, and not where other tests work at the same time, it is seen what is left behind.
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(script, [...args.split(' '), '--json', json], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  stops.push(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk) => output += chunk);
  child.stderr.on('data', (chunk) => output += chunk);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    pid: child.pid!,
    output: () => output,
    ended,
    interrupt: () => child.kill('SIGINT'),
    facts: (): Facts => JSON.parse(readFileSync(json, 'utf8')),
    leavesOnly: (names: readonly string[]) =>
      waitFor('the folder to be empty', () => readdirSync(folder).join() === names.join()),
  };
}

// Both wait for most of the time.
describe('hours of load in short', { skip: notLinux, concurrency: true }, () => {
  test(
    'two minutes of it, with failovers, lose nothing and leave nothing',
    { timeout: 540_000 },
    async () => {
      const run = start('--minutes 2 --every 20 --load 40 --idle 60 --seed 4');
      assert.equal(await run.ended, 0, run.output());
      const { failovers, clients, reloads, samples } = run.facts();
      // A machine may be too busy for one of each kind.
      assert.ok(failovers.length > 0 && reloads > 0 && samples.length > 0, run.output());
      for (const { kind, done } of clients) assert.ok(done > 0, `${kind} have done nothing`);
      await run.leavesOnly(['soak.json']);
    },
  );

  test(
    'Ctrl-C ends it with what there is, and leaves no process and no folder',
    { timeout: 540_000 },
    async () => {
      const run = start('--minutes 60 --every 5 --load 20 --idle 10');
      await waitFor('a failover', () => / first write after /.test(run.output()), {
        deadlineMs: 300_000,
        evidence: run.output,
      });
      const family = familyOf(run.pid);
      run.interrupt();
      assert.equal(await run.ended, 0, run.output());
      assert.match(run.output(), /^\| met \| acknowledged writes that are gone \| 0 \| none \|$/m);
      assert.match(run.output(), /it was interrupted/);
      await run.leavesOnly(['soak.json']);
      await waitFor('all to be gone', () => !family.some(isRunning));
    },
  );
});
