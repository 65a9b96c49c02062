import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { numberIn, type Unit } from '../../src/config/units.ts';

describe('a number with a unit', () => {
  const good: readonly [Unit, string, number][] = [
    ['ms', '250', 250],
    ['ms', '250ms', 250],
    ['ms', '10s', 10_000],
    ['ms', '10 s', 10_000],
    ['ms', '1.5s', 1500],
    ['ms', '0.3s', 300],
    ['ms', '2min', 120_000],
    ['ms', '1H', 3_600_000],
    ['s', '250ms', 0.25],
    ['s', '1.5', 1.5],
    ['us', '1ms', 1000],
    ['bytes', '16MB', 16 * 1024 * 1024],
    ['bytes', '16mb', 16 * 1024 * 1024],
    ['bytes', '8kB', 8192],
    ['bytes', '100B', 100],
    ['bytes', '100', 100],
  ];
  for (const [unit, text, expected] of good) {
    test(`${text} is ${expected} in ${unit}`, () => assert.equal(numberIn(unit, text), expected));
  }

  const bad: readonly [Unit, string][] = [
    ['ms', ''],
    ['ms', 's'],
    ['ms', '-1s'],
    ['ms', '10sec'],
    ['ms', '10MB'],
    ['ms', '1e3'],
    ['ms', '0x10'],
    ['ms', '10s5'],
    ['ms', 'Infinity'],
    ['bytes', '10s'],
    ['bytes', '16MiB'],
    ['ms', '5constructor'],
    ['ms', '5toString'],
  ];
  for (const [unit, text] of bad) {
    test(`"${text}" is none in ${unit}`, () => assert.equal(numberIn(unit, text), NaN));
  }
});
