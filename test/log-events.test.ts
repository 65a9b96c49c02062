import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { logEvents } from '../src/log-events.ts';

describe('the events of the log', () => {
  const docs = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');

  test('are those of docs/operations.md, in their order, each with its level and sentence', () => {
    const rows = [...docs.matchAll(/^\| `([a-z_]+)` \| `([a-z]+)` \| (.+) \|$/gm)].map(([, ...cells]) =>
      cells
    );
    assert.deepEqual(
      rows,
      Object.entries(logEvents).map(([event, [level, message]]) => [event, level, message]),
    );
  });

  test('are identifiers, and their sentences no titles', () => {
    for (const [event, [, message]] of Object.entries(logEvents)) {
      assert.match(event, /^[a-z]+(_[a-z0-9]+)*$/);
      assert.doesNotMatch(message, /^[A-Z]|\.$/, event);
    }
  });
});
