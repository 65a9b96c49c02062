/** The demo's writer on Node. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './writer-suite.ts';

test('this is Node', () =>
  assert.ok(process.versions['node'] && !process.versions['bun'] && !process.versions['deno']));
