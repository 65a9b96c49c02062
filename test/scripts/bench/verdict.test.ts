import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spreadOf } from '../../../scripts/lib/bench/statistics.ts';
import { leastRounds, tallyOf, tallyText, verdictOf } from '../../../scripts/lib/bench/verdict.ts';

test('a goal is met where every round is on the right side, and missed where every round is on the wrong one', () => {
  assert.equal(verdictOf('at most', 0.85, spreadOf([0.7, 0.8, 0.85])), 'met');
  assert.equal(verdictOf('at most', 0.85, spreadOf([0.86, 0.9, 1.2])), 'missed');
  assert.equal(verdictOf('at least', 1, spreadOf([1, 1.1, 1.2])), 'met');
  assert.equal(verdictOf('at least', 1, spreadOf([0.7, 0.8, 0.99])), 'missed');
});

test('rounds on both sides of the bound are noise, wherever their median lies', () => {
  assert.equal(verdictOf('at most', 0.85, spreadOf([0.8, 0.84, 0.86])), 'within noise');
  assert.equal(verdictOf('at most', 0.85, spreadOf([0.84, 0.9, 1.2])), 'within noise');
  assert.equal(verdictOf('at least', 1, spreadOf([0.95, 1.01, 1.06])), 'within noise');
  assert.equal(verdictOf('at most', 0.85, spreadOf([0.85, 0.86, 0.87])), 'within noise');
});

test('one or two rounds give no verdict, however clear they look', () => {
  assert.equal(leastRounds, 3);
  assert.equal(verdictOf('at most', 0.85, spreadOf([0.1])), 'not enough rounds');
  assert.equal(verdictOf('at most', 0.85, spreadOf([9, 9])), 'not enough rounds');
});

test('what was not measured has no verdict', () => {
  assert.equal(verdictOf('at most', 0.85, undefined), 'not measured');
});

test('the headline counts each class that there is, and their sum', () => {
  const many = [
    ...Array<'met'>(9).fill('met'),
    ...Array<'missed'>(5).fill('missed'),
    ...Array<'within noise'>(3).fill('within noise'),
  ];
  assert.equal(tallyText(tallyOf(many), 5), '9 met, 5 missed, 3 within noise, of 17 goals, in 5 rounds');
  assert.equal(
    tallyText(tallyOf(['not measured', 'not enough rounds', 'not measured']), 1),
    '1 with fewer than 3 rounds, 2 not measured, of 3 goals, in 1 round',
  );
});
