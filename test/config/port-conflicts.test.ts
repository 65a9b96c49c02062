import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { configured, problems } from './sources.ts';

describe('our own ports', () => {
  test('do not collide by default', () => void configured({}));

  const clashes: readonly [Record<string, string>, string][] = [
    [{ REPLICA_PORT: '6432' }, 'LISTEN_PORT (by default) and REPLICA_PORT are both 6432'],
    [{ REPLICA_PORT: '6433' }, 'REPLICA_PORT and METRICS_PORT (by default) are both 6433'],
    [{ METRICS_PORT: '6432' }, 'LISTEN_PORT (by default) and METRICS_PORT are both 6432'],
    [
      { LISTEN_PORT: '7', REPLICA_PORT: '7', METRICS_PORT: '7' },
      'LISTEN_PORT, REPLICA_PORT and METRICS_PORT are all 7',
    ],
    [
      { LISTEN_HOST: '127.0.0.1', METRICS_PORT: '6432' },
      'LISTEN_PORT (by default) and METRICS_PORT are both 6432',
    ],
    [
      { LISTEN_HOST: 'LOCALHOST', METRICS_PORT: '6432' },
      'LISTEN_PORT (by default) and METRICS_PORT are both 6432',
    ],
    [
      { LISTEN_HOST: 'db', METRICS_HOST: '::', LISTEN_PORT: '7', METRICS_PORT: '7' },
      'LISTEN_PORT and METRICS_PORT are both 7',
    ],
  ];
  for (const [env, sentence] of clashes) {
    test(`${Object.entries(env).map(([name, value]) => `${name}=${value}`).join(' ')} is one message`, () => {
      assert.deepEqual(problems({ env }), [`${sentence}: give each a port of its own`]);
    });
  }

  const peaceful: readonly Record<string, string>[] = [
    { REPLICA_PORT: '6434' },
    { LISTEN_PORT: '0', REPLICA_PORT: '0', METRICS_PORT: '0' },
    { REPLICA_PORT: '6433', METRICS_PORT: 'off' },
    { LISTEN_HOST: '10.0.0.1', METRICS_HOST: '127.0.0.1', METRICS_PORT: '6432' },
    { LISTEN_HOST: '10.0.0.1', REPLICA_PORT: '6433' },
    { LISTEN_HOST: '::1', METRICS_PORT: '6432' },
  ];
  for (const env of peaceful) {
    test(`${JSON.stringify(env)} is fine`, () => void configured({ env }));
  }

  test('do not collide where the documents set one', () => {
    const root = new URL('../../', import.meta.url);
    const docs = readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' });
    const pages = ['README.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
    const texts = pages.map((page) => readFileSync(new URL(page, root), 'utf8'));
    const found = texts.flatMap((text) => [...text.matchAll(/\b([A-Z]+_PORT)=([0-9]+)/g)]);
    assert.ok(found.length > 0);
    for (const [, name = '', port = ''] of found) configured({ env: { [name]: port } });
  });

  test('that cannot be read have one message, for that alone', () => {
    const env = { LISTEN_HOST: '7000', METRICS_PORT: '6432' };
    assert.deepEqual(problems({ env }).length, 1);
    assert.match(problems({ env })[0]!, /^LISTEN_HOST=7000 looks like a port/);
  });
});
