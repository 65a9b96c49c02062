import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toolCommand } from '../../scripts/lib/tools.ts';

const root = join(import.meta.dirname, '../..');

test('tools are started as npm has linked them, and on Windows past the shell scripts that npm makes', () => {
  assert.deepEqual(toolCommand(root, 'deno', 'linux'), [join(root, 'node_modules/.bin/deno')]);
  for (const name of ['bun', 'deno', 'tsc']) {
    const command = toolCommand(root, name, 'win32');
    assert.ok(existsSync(command.at(-1)!), `${command.at(-1)} is in the package on every platform`);
    assert.equal(command.length, name === 'bun' ? 1 : 2);
  }
  assert.throws(() => toolCommand(root, 'node', 'win32'), /does not say what node is/);
});
