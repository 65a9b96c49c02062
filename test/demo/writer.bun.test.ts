/** The demo's writer on Bun. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './writer-suite.ts';

test('this is Bun', () => assert.ok(process.versions['bun']));
