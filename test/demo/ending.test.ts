/** Whatever ends the demo, nothing of it stays. DEMO_ROUNDS=50 closes that many terminals. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../bed/ports.ts';
import { killRunning, type RunningDemo, startDemo } from './running-demo.ts';

const demo = fileURLToPath(new URL('../../scripts/demo', import.meta.url));

/** Of util-linux: runs a command in a terminal of its own, which closes when it is killed. macOS has another one. */
const scriptPath = '/usr/bin/script';
const noTerminal = process.platform === 'linux' && existsSync(scriptPath)
  ? false
  : `${scriptPath} of util-linux is needed to open and close terminals`;

const rounds = Number(process.env['DEMO_ROUNDS'] ?? 4);

after(killRunning);

async function startScript(text: string): Promise<RunningDemo> {
  return startDemo([demo, '--port', String(await freePort()), '--run', text]);
}

/** `prefix` comes before the demo, as in `setsid`. */
async function startInTerminal(prefix = ''): Promise<RunningDemo> {
  const command = `stty rows 24 cols 80; exec ${prefix} ${demo} --port ${await freePort()}`;
  return startDemo([scriptPath, '-qfec', command, '/dev/null']);
}

const patience = { timeout: 120_000 };

describe('the demo leaves no process and no folder behind', () => {
  for (
    const [signal, code] of [['SIGINT', 130], ['SIGHUP', 129], ['SIGKILL', null]] as const
  ) {
    test(`after ${signal}`, patience, async () => {
      const { child, traces, shows } = await startScript('wait 60; quit');
      await shows(/the gateway routes to server1/);
      // Bun, watchdog, gateway and three servers.
      assert.ok(traces.found().length >= 6, traces.found().join('\n'));
      const closed = once(child, 'close');
      child.kill(signal);
      assert.equal((await closed)[0], code);
      await traces.areGone();
    });
  }

  test('after a signal while it starts', patience, async () => {
    const { child, traces, shows } = await startScript('wait 60; quit');
    await shows(/starting a primary/);
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    assert.equal((await closed)[0], 143);
    await traces.areGone();
  });

  test('when nobody reads its output any more', patience, async () => {
    const { child, traces, shows } = await startScript('wait 1; kill; promote; wait; back; wait 60; quit');
    await shows(/starting a primary/);
    child.stdout?.destroy();
    child.stderr?.destroy();
    assert.equal((await once(child, 'exit'))[0], 141);
    await traces.areGone();
  });

  test(
    'after q, which tells on the screen what has happened',
    { ...patience, skip: noTerminal },
    async () => {
      const { child, traces, output, shows } = await startInTerminal();
      await shows(/for the primary/);
      child.stdin?.write('k');
      await shows(/killed server1 with SIGKILL/);
      const closed = once(child, 'close');
      child.stdin?.write('q');
      assert.equal((await closed)[0], 0);
      const screen = output().slice(output().lastIndexOf('\x1b[?1049l'));
      assert.match(screen, /kill: killed server1 with SIGKILL/);
      assert.match(screen, /rows? written, .*, 1 session lost, the longest gap/);
      await traces.areGone();
    },
  );

  test('when its terminal goes without a signal', { ...patience, skip: noTerminal }, async () => {
    const { child, traces, shows } = await startInTerminal('setsid --wait');
    await shows(/for the primary/);
    child.kill('SIGKILL');
    await traces.areGone();
  });

  /** When the terminal is closed. */
  const moments: readonly [string, (run: RunningDemo) => Promise<unknown>][] = [
    ['while it starts', ({ shows }) => shows(/starting a primary/)],
    ['in the view', ({ shows }) => shows(/for the primary/)],
    ['in the middle of a promotion', async ({ child, shows }) => {
      await shows(/for the primary/);
      child.stdin?.write('p');
      // It may be over between two frames, and of a long sentence the view shows the end.
      await shows(/promote \.\.\.|promoted server|epoch 2/);
    }],
    ['while a server is rebuilt', async ({ child, shows }) => {
      await shows(/for the primary/);
      child.stdin?.write('k');
      await shows(/killed server1/);
      child.stdin?.write('p');
      await shows(/promoted server/);
      child.stdin?.write('b');
      await shows(/back \.\.\.|rebuilt server/);
    }],
  ];
  for (let round = 0; round < rounds; round++) {
    const [name, reach] = moments[round % moments.length]!;
    // The first time at that moment, and then up to a second later.
    const laterMs = round < moments.length ? 0 : Math.round(Math.random() * 1000);
    test(
      `when its terminal is closed ${name} (${laterMs} ms later)`,
      { ...patience, skip: noTerminal },
      async () => {
        const run = await startInTerminal();
        await reach(run);
        await pause(laterMs);
        run.child.kill('SIGKILL');
        await run.traces.areGone();
      },
    );
  }
});
