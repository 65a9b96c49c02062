import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { changesBetween, needRestart, reloaded } from '../../src/config/reload.ts';
import { settingNames } from '../../src/config/settings.ts';
import { configured, type Given } from './sources.ts';

const changes = (before: Given, after: Given) => changesBetween(configured(before), configured(after));

describe('what a reload changes', () => {
  test('is nothing where nothing is new, or only written in another way', () => {
    assert.deepEqual(changes({}, {}), []);
    assert.deepEqual(changes({ env: { HOLD_MS: '10000' } }, { env: { HOLD_MS: '10s' } }), []);
    assert.deepEqual(changes({}, { env: { HOLD_MS: '10000' } }), []);
  });

  test('is told with the old value and the new one, in the order of the settings', () => {
    assert.deepEqual(
      changes({ env: { HOLD_MS: '1', PGUSER: 'a' } }, { env: { HOLD_MS: '2s', CANDIDATES: 'db1,db2' } }),
      [
        { name: 'CANDIDATES', before: 'db1', after: 'db1,db2', needsRestart: false },
        { name: 'PGUSER', before: 'a', after: null, needsRestart: false },
        { name: 'HOLD_MS', before: '1', after: '2s', needsRestart: false },
      ],
    );
  });

  test('shows no secret', () => {
    const found = changes({ env: { PGPASSWORD: 'hunter2' } }, { env: { PGPASSWORD: 'hunter3' } });
    assert.deepEqual(found, [
      { name: 'PGPASSWORD', before: '(not shown)', after: '(not shown)', needsRestart: false },
    ]);
  });

  test('is also a certificate that is another one under the same path', () => {
    const env = { REFUSAL_CERT_FILE: '/c', REFUSAL_KEY_FILE: '/k' };
    const found = changes({ env, files: { '/c': 'one', '/k': 'key' } }, {
      env,
      files: { '/c': 'two', '/k': 'key' },
    });
    assert.deepEqual(found.map(({ name }) => name), ['REFUSAL_CERT_FILE']);
  });

  test('waits for a restart where sockets listen and threads run', () => {
    const before = configured({});
    const after = configured({
      env: {
        LISTEN_HOST: '127.0.0.1',
        LISTEN_PORT: '1',
        REPLICA_PORT: '2',
        METRICS_HOST: '127.0.0.2',
        METRICS_PORT: '3',
        NUM_THREADS: '7',
        ENGINE: 'portable',
        SPIN_US: '9',
        TCP_KEEPALIVE: '77',
        CONTROL_SOCKET: '/s',
        TAKEOVER: 'on',
        LOG_FORMAT: 'text',
        HOLD_MS: '5',
      },
    });
    const waiting = changesBetween(before, after).filter(({ needsRestart }) => needsRestart);
    assert.deepEqual(waiting.map(({ name }) => name), needRestart.toSorted(byOrder));
    const applied = reloaded(before, after);
    assert.deepEqual({ ...applied, credentials: undefined }, {
      ...configured({ env: { HOLD_MS: '5' } }),
      credentials: undefined,
    });
    assert.deepEqual(changesBetween(applied, after), waiting, 'the next reload tells it again');
  });
});

function byOrder(a: (typeof settingNames)[number], b: (typeof settingNames)[number]): number {
  return settingNames.indexOf(a) - settingNames.indexOf(b);
}

test('docs/operations.md names what waits for a restart', () => {
  const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const sentence = /cannot change without a restart: ([^.]*)\./.exec(text)?.[1] ?? '';
  const named = [...sentence.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name);
  assert.deepEqual(named.toSorted(), [...needRestart].toSorted());
});
