import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '../../src/protocol/message-guard.ts';
import { readScramChallenge } from '../../src/protocol/scram-challenge.ts';

test('a SCRAM challenge has a nonce that goes on with ours, a salt and a number of rounds', () => {
  const challenge = readScramChallenge('r=ours+theirs/,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', 'ours');
  assert.equal(challenge.nonce, 'ours+theirs/');
  assert.equal(challenge.salt.length, 16);
  assert.equal(challenge.rounds, 4096);
  assert.equal(readScramChallenge('r=ours+,s=AAAA,i=9,x=y', 'ours').rounds, 9);
});

test('a SCRAM challenge must be whole', () => {
  const texts = [
    '',
    'r=a+',
    'r=a+,s=,i=1',
    'r=a+,s=AAAA,i=0',
    'r=a+,s=AAAA,i=-1',
    'r=a+,s=AAAA,i=99999999999',
    'm=x,r=a+,s=AAAA,i=1',
    'r=a,s=AAAA,i=1',
    'r=b+,s=AAAA,i=1',
    'r=a\x7f,s=AAAA,i=1',
  ];
  for (const text of texts) assert.throws(() => readScramChallenge(text, 'a'), ProtocolError, text);
});
