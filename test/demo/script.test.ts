/** What the exit code of a script promises. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stepsOf } from '../../src/demo/commands.ts';
import { Scene } from '../../src/demo/scene.ts';
import { runScript } from '../../src/demo/script.ts';
import { freePort } from '../bed/ports.ts';
import { siteOf } from '../bed/postgres-binaries.ts';
import { removeWorkspace } from '../bed/workspace.ts';

const stubborn = fileURLToPath(new URL('./stubborn-gateway.ts', import.meta.url));

async function play(text: string): Promise<{ readonly isGood: boolean; readonly said: string }> {
  const said: string[] = [];
  const scene = new Scene({
    site: siteOf(),
    port: await freePort(),
    fresh: false,
    gateway: [process.execPath, stubborn],
    waitMs: 1000,
    onEvent: ({ text }) => said.push(text),
  });
  try {
    await scene.start();
    return { isGood: await runScript(scene, stepsOf(text)), said: said.join('\n') };
  } finally {
    await scene.stop();
    await removeWorkspace();
  }
}

// The old primary is alive and goes on taking rows, all of which are lost.
describe('where the gateway sends the writer to the old primary after a promotion', () => {
  for (const text of ['wait; promote; wait; quit', 'promote; quit']) {
    test(`"${text}" has failed, although rows are written`, { timeout: 120_000 }, async () => {
      const { isGood, said } = await play(text);
      assert.equal(isGood, false, said);
      assert.match(
        said,
        /waited 1 s for the writer to write again\nits last write: to server1 on timeline 1/,
      );
    });
  }

  test('"wait; quit" has not', { timeout: 120_000 }, async () => {
    const { isGood, said } = await play('wait; quit');
    assert.equal(isGood, true, said);
  });
});
