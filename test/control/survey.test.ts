import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { Survey } from '../../src/control/survey.ts';

const slice = { kind: 'selected', count: 1 } as const;

test('a survey is over when the last worker has given its last slice', async () => {
  const survey = new Survey();
  const found = survey.put([0, 1], (id) => {
    survey.take(1, { ...slice, id, rows: '{"a":1}', isLast: false });
    survey.take(0, { ...slice, id, rows: '', count: 0, isLast: true });
    survey.take(1, { ...slice, id, rows: '{"a":2}', isLast: true });
    // Late, or of another question.
    survey.take(1, { ...slice, id, rows: 'late', isLast: true });
    survey.take(0, { ...slice, id: id + 1, rows: 'stray', isLast: true });
  });
  deepEqual(await found, { count: 2, rows: '{"a":1},{"a":2}', silent: [] });
});

test('a worker that does not answer to the end is named, and not waited for', async () => {
  const survey = new Survey(10);
  const found = survey.put([0, 1, 2], (id) => {
    survey.take(0, { ...slice, id, rows: '{}', isLast: true });
    survey.take(2, { ...slice, id, rows: '{}', isLast: false });
  });
  deepEqual(await found, { count: 2, rows: '{},{}', silent: [1, 2] });
});
