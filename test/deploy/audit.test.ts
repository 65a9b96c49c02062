import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { auditOf } from './audit.ts';

/** It goes to a registry, which may have no advisories: a mirror, or one behind a firewall. One try has to do. */
const { stdout, stderr, error } = spawnSync(
  'npm',
  ['audit', '--json', '--fetch-retries=0', '--fetch-timeout=20000'],
  { cwd: join(import.meta.dirname, '../..'), encoding: 'utf8', timeout: 60_000 },
);
const audit = auditOf(stdout || stderr || error?.message || '');

describe('the packages of package-lock.json', () => {
  test('have no weakness that npm knows', {
    skip: 'unasked' in audit && `npm audit could not ask this registry: ${audit.unasked}`,
  }, () => {
    assert.deepEqual(audit, { found: [] });
  });
});

describe('a report of npm', () => {
  test('is read: each package that is concerned, by what', () => {
    const report = {
      auditReportVersion: 2,
      vulnerabilities: {
        consola: { severity: 'high', range: '<4', via: [{ title: 'It breaks', url: 'https://example/1' }] },
        citty: { severity: 'high', range: '*', via: ['consola'] },
      },
    };
    assert.deepEqual(auditOf(JSON.stringify(report)), {
      found: ['consola <4: high, It breaks https://example/1', 'citty *: high, by consola'],
    });
    assert.deepEqual(auditOf('{"auditReportVersion":2,"vulnerabilities":{}}'), { found: [] });
  });

  test('is none where the registry has no advisories, or is not reached', () => {
    const refused = { message: '405 Method Not Allowed - POST x', statusCode: 405, error: {} };
    assert.deepEqual(auditOf(JSON.stringify(refused)), { unasked: '405 Method Not Allowed - POST x' });
    assert.deepEqual(auditOf(''), { unasked: 'npm said nothing' });
    assert.deepEqual(auditOf('spawn npm ENOENT'), { unasked: 'spawn npm ENOENT' });
  });
});
