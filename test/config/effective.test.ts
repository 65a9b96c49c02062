import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { effective } from '../../src/config/effective.ts';
import { settingNames } from '../../src/config/settings.ts';
import { configured } from './sources.ts';

const all = effective(
  configured({
    flags: { HOLD_MS: '1s', CONFIG_FILE: '/f' },
    env: { HOLD_MS: '2', MAX_HELD: '3', PGPASSWORD: 'hunter2' },
    files: { '/f': '\nMAX_HELD=4\nFAIL_AFTER=5\n' },
  }).given,
);
const of = (name: string) => all.find((one) => one.name === name);

describe('the settings that count', () => {
  test('are all there, in their order, each with its value as it was written and where from', () => {
    assert.deepEqual(all.map(({ name }) => name), [...settingNames, 'PGPASSWORD']);
    assert.deepEqual(of('HOLD_MS'), { name: 'HOLD_MS', value: '1s', from: '--hold-ms' });
    assert.deepEqual(of('MAX_HELD'), { name: 'MAX_HELD', value: '3', from: 'environment' });
    assert.deepEqual(of('FAIL_AFTER'), { name: 'FAIL_AFTER', value: '5', from: '/f:3' });
    assert.deepEqual(of('LISTEN_PORT'), { name: 'LISTEN_PORT', value: '6432', from: 'default' });
    assert.deepEqual(of('PGSSLCERT'), { name: 'PGSSLCERT', value: null, from: 'default' });
  });

  test('show no secret', () => {
    assert.deepEqual(of('PGPASSWORD'), { name: 'PGPASSWORD', value: '(not shown)', from: 'environment' });
    assert.ok(!JSON.stringify(all).includes('hunter2'));
  });
});
