/** The statement that every server is asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { question } from '../../src/probe/question.ts';

test('the question is one line, because a server that logs statements writes it several times a second', () => {
  assert.match(question, /^with \S.* on true$/);
  assert.doesNotMatch(question, /\s{2}/);
});
