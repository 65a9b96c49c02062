import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CandidateList, type Entry, parseCandidates } from '../../src/cluster/candidate.ts';
import { parseWeights, strayWeight, weightOf } from '../../src/cluster/weights.ts';

function entries(text: string): readonly Entry[] {
  return (parseCandidates(text) as Extract<CandidateList, { candidates: unknown }>).candidates;
}

describe('weights', () => {
  test('are read by server, with the usual port where none is given', () => {
    assert.deepEqual(parseWeights('db2:5433=3, db3=0,[fd00::1]:5432=2,pg[10.0.0.2]=4'), {
      'db2:5433': 3,
      'db3:5432': 0,
      '[fd00::1]:5432': 2,
      'pg[10.0.0.2]:5432': 4,
    });
  });

  for (const text of ['db2', '=3', 'db2=', 'db2=-1', 'db2=1001', 'db2=1.5', 'a b=1', 'srv+x=1', 'db2:=1']) {
    test(`"${text}" is no list of them`, () => assert.throws(() => parseWeights(text), /is not a list of/));
  }

  test('are said once for each server', () => {
    assert.throws(() => parseWeights('db2=1,db2:5432=2'), /names db2:5432 twice/);
  });

  test('are 1 for a standby that is not named, and a candidate has its own before that of its name', () => {
    const weights = parseWeights('pg=2,pg[10.0.0.2]=0');
    assert.equal(weightOf(weights, 'pg[10.0.0.1]:5432', 'pg:5432'), 2);
    assert.equal(weightOf(weights, 'pg[10.0.0.2]:5432', 'pg:5432'), 0);
    assert.equal(weightOf(weights, 'db:5432', 'db:5432'), 1);
  });

  test('must be of servers that can be there', () => {
    const weights = parseWeights('db1=2,pg[10.0.0.2]=3');
    assert.equal(strayWeight(weights, entries('db1,pg')), undefined);
    assert.equal(strayWeight(weights, entries('db1,db2')), 'pg[10.0.0.2]:5432');
    assert.equal(strayWeight(weights, entries('srv+_postgresql._tcp.db')), undefined);
  });
});
