/** That what a gateway has decided in a test can be decided once more, and comes out the same. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { readEvidence } from '../../src/control/evidence-file.ts';
import { replay } from '../../src/control/replay.ts';

/** Of the running gateway that takes commands at `control`. */
export async function assertReplays(control: string): Promise<void> {
  const answer = await post(control, '/evidence');
  const { decisions } = replay(readEvidence((JSON.parse(answer) as { file: string }).file));
  assert.ok(decisions.length > 0, 'nothing was recorded');
  assert.deepEqual(decisions.filter(({ isSame }) => !isSame), []);
}

function post(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method: 'POST', agent: false }, (response) => {
      text(response).then(resolve, reject);
    });
    asked.once('error', reject);
    asked.end();
  });
}
