/** The demo as people start it. DEMO_ROUNDS=50 promotes that often while the old primary is alive. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../bed/ports.ts';

const demo = fileURLToPath(new URL('../../scripts/demo', import.meta.url));

const rounds = Number(process.env['DEMO_ROUNDS'] ?? 2);

async function play(...args: string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(demo, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => output += chunk);
  child.stderr.on('data', (chunk) => output += chunk);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

describe('scripts/demo', () => {
  test('plays what it is told, and the writer writes again after each loss of the primary', {
    timeout: 120_000,
  }, async () => {
    const port = String(await freePort());
    const { code, output } = await play(
      '--port',
      port,
      '--run',
      'kill; promote; wait; back; switchover; wait; quit',
    );
    assert.equal(code, 0, output);
    // Which of the two standbys has more of the log is chance.
    assert.match(output, /killed server1 with SIGKILL/);
    assert.match(output, /the writer writes to server[23]/);
    assert.match(output, /switched from server[23] to server[123]/);
  });

  for (const mode of [[], ['--fresh']]) {
    test(
      `the writer (${
        mode.join('') || 'kept'
      }) writes again after each promotion beside a primary that is alive`,
      {
        timeout: 60_000 + rounds * 60_000,
      },
      async (t) => {
        const story = `wait; ${'promote; wait; back; '.repeat(rounds)}quit`;
        const { code, output } = await play(...mode, '--port', String(await freePort()), '--run', story);
        t.diagnostic(output.trimEnd().split('\n').at(-1) ?? '');
        assert.equal(code, 0, output);
        assert.equal(output.match(/promote: promoted server/g)?.length, rounds, output);
        // All of them follow after each `back`.
        assert.equal(
          output.match(/back: .*server[123] and server[123] follow it$|back: .*server[123] follows it$/gm)
            ?.length,
          rounds,
          output,
        );
      },
    );
  }

  test('an unknown command is told with those that there are', async () => {
    const { code, output } = await play('--run', 'explode');
    assert.notEqual(code, 0);
    assert.match(output, /explode/);
    assert.match(output, /promote/);
  });
});
