import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, isConnectionString, StartError, withoutPasswords } from '../src/errors.ts';

for (
  const [text, shown] of [
    ['LISTEN_HOST=postgres://app:sesame@db/x is none', 'LISTEN_HOST=postgres://app:***@db/x is none'],
    ['a://u:ses@me@db and b://u@db', 'a://u:***@db and b://u@db'],
    ['"host=db password=sesame"', '"host=db password=***"'],
    ["password = 'two \\' words' user=x", 'password = *** user=x'],
    ['x:3: PGPASSWORD=sesame and METRICS_TOKEN=sesame', 'x:3: PGPASSWORD=*** and METRICS_TOKEN=***'],
    ['PGPASSWORD_FILE=/run/secret cannot be read', 'PGPASSWORD_FILE=/run/secret cannot be read'],
    ['http://127.0.0.1:6433/status', 'http://127.0.0.1:6433/status'],
  ] as const
) {
  test(`a message shows ${shown}`, () => equal(withoutPasswords(text), shown));
}

test('no error for a person holds the password of a connection string', () => {
  const text = 'LISTEN_HOST=postgres://u:sesame@db';
  equal(new ConfigError([text]).message.includes('sesame'), false);
  deepEqual(new ConfigError([text]).problems, ['LISTEN_HOST=postgres://u:***@db']);
  equal(new StartError(text).message.includes('sesame'), false);
});

test('a connection string is known by its form', () => {
  for (const text of ['postgres://u:p@db/x', 'tcp://10.0.0.1:9090', 'host=db password=x', 'PGPASSWORD=x']) {
    equal(isConnectionString(text), true, text);
  }
  for (const text of ['db1:5432,db2', '/run/password=x', '::1', 'password', '10.0.0.0/8']) {
    equal(isConnectionString(text), false, text);
  }
});
