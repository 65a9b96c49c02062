/** The demo's writer on Deno. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './writer-suite.ts';

test('this is Deno', () => assert.ok(process.versions['deno']));
