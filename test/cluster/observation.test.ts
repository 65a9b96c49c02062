import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Failure,
  type FailureKind,
  unobserved,
  withAnswer,
  withFailure,
} from '../../src/cluster/observation.ts';
import { answer, candidate } from './scene.ts';

const fail = (at: number, kind: FailureKind): Failure => ({ at, kind, message: kind });
const signsOfLife: readonly FailureKind[] = [
  'unresolved',
  'refused',
  'disconnected',
  'starting',
  'full',
  'credentials',
  'untrusted',
  'notPostgres',
  'malformed',
  'error',
  'local',
];

describe('an observation', () => {
  const fresh = unobserved(candidate('a'));

  test('knows nothing before the first probe', () => {
    assert.deepEqual(fresh, { candidate: candidate('a'), failures: 0 });
  });

  test('an answer is kept and nothing else', () => {
    const later = withAnswer(withFailure(fresh, fail(1, 'silent')), answer('a'));
    assert.deepEqual(later, { candidate: candidate('a'), answer: answer('a'), failures: 0 });
  });

  test('failures are counted from the last answer on, and keep it', () => {
    const answered = withAnswer(fresh, answer('a'));
    const twice = withFailure(withFailure(answered, fail(1, 'refused')), fail(2, 'error'));
    assert.equal(twice.failures, 2);
    assert.deepEqual(twice.answer, answer('a'));
    assert.deepEqual(twice.failure, fail(2, 'error'));
    const again = withFailure(withAnswer(twice, answer('a')), fail(3, 'refused'));
    assert.equal(again.failures, 1);
  });

  test('is a value: the one before does not change', () => {
    const answered = Object.freeze(withAnswer(fresh, answer('a')));
    withFailure(answered, fail(1, 'silent'));
    withAnswer(answered, answer('a', { timeline: 2 }));
    assert.deepEqual(answered, { candidate: candidate('a'), answer: answer('a'), failures: 0 });
  });
});

describe('the silence of a server', () => {
  const fresh = unobserved(candidate('a'));

  for (const kind of ['silent', 'unreachable'] as const) {
    test(`begins with the first probe that is ${kind} and lasts through others`, () => {
      const first = withFailure(fresh, fail(10, kind));
      assert.equal(first.silentSince, 10);
      assert.equal(withFailure(first, fail(20, 'silent')).silentSince, 10);
      assert.equal(withFailure(first, fail(20, 'unreachable')).silentSince, 10);
    });
  }

  test('ends with an answer', () => {
    assert.equal(withAnswer(withFailure(fresh, fail(10, 'silent')), answer('a')).silentSince, undefined);
  });

  for (const kind of signsOfLife) {
    test(`neither begins nor goes on when a probe ends as ${kind}`, () => {
      assert.equal(withFailure(fresh, fail(10, kind)).silentSince, undefined);
      const broken = withFailure(withFailure(fresh, fail(10, 'silent')), fail(20, kind));
      assert.equal(broken.silentSince, undefined);
      assert.equal(withFailure(broken, fail(30, 'silent')).silentSince, 30);
    });
  }

  test('can begin at the time 0', () => {
    const first = withFailure(fresh, fail(0, 'silent'));
    assert.equal(withFailure(first, fail(20, 'silent')).silentSince, 0);
  });
});
