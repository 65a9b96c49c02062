import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { metricsOf } from '../../src/admin/metrics.ts';
import { noPrometheus, promtool } from '../bed/prometheus.ts';
import { snapshotOf } from '../admin/snapshot.ts';
import { dashboard, expressions } from './dashboard.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const rules = read('deploy/prometheus/pg_gateway.rules.yml');
const operations = read('docs/operations.md');
const alerts = [...rules.matchAll(/^ +- alert: (\w+)$/gm)].map(([, name]) => name!);
const here = fileURLToPath(new URL('.', import.meta.url));

describe('the alert rules', () => {
  test('are clean for promtool', { skip: noPrometheus }, () => {
    const { code, said } = promtool(
      ['check', 'rules', '--lint=all', '--lint-fatal', '../../deploy/prometheus/pg_gateway.rules.yml'],
      '',
      here,
    );
    assert.equal(code, 0, said);
    assert.match(said, new RegExp(`${alerts.length} rules found`));
  });

  test(
    'fire when they should and not before, and none on a gateway that is well',
    { skip: noPrometheus },
    () => {
      const { code, said } = promtool(['test', 'rules', 'alerts.test.yml'], '', here);
      assert.equal(code, 0, said);
    },
  );

  const tests = read('test/deploy/alerts.test.yml');
  const rows = [...operations.matchAll(/^\| `(PgGateway\w+)` \|/gm)].map(([, name]) => name);
  for (const name of alerts) {
    test(`${name} is tested, and has a runbook line and a row in docs/operations.md`, () => {
      assert.ok(tests.includes(`alertname="${name}",alertstate="firing"`), 'no test');
      assert.ok(rows.includes(name), 'no row');
      const [, rule = ''] = new RegExp(`alert: ${name}\\n([^]*?)(?=\\n +- alert:|$)`).exec(rules) ?? [];
      assert.match(rule, /^ +runbook: '.+; see docs\/operations\.md#at-three-in-the-morning'$/m);
      assert.match(rule, /^ +severity: (?:critical|warning|info)$/m);
      assert.match(rule, /^ +summary: /m);
      assert.match(rule, /^ +description: /m);
    });
  }

  test('are in docs/operations.md in their order, and no others, under the heading that they name', () => {
    assert.deepEqual(rows, alerts);
    assert.match(operations, /^## At three in the morning$/m);
  });
});

describe('what is shipped for Prometheus and Grafana', () => {
  const process = {
    cpuSeconds: 1,
    residentBytes: 1,
    virtualBytes: 1,
    openFiles: 1,
    maxFiles: 1,
    startedAt: 1,
  };
  const families = metricsOf(snapshotOf([]), process).map(({ name }) => name);
  const named = (text: string): string[] =>
    [...text.matchAll(/\b(?:pg_gateway|process)_\w+/g)].map(([name]) =>
      name.replace(/_(?:bucket|sum|count)$/, '')
    );

  test('names only series that there are', () => {
    const names = [...rules.matchAll(/^ +expr: (.+)$/gm)].map(([, expr]) => expr!).concat(
      expressions(dashboard),
    ).flatMap(named);
    assert.ok(names.length > 60);
    assert.deepEqual(names.filter((name) => !families.includes(name)), []);
  });

  test('shows every series of the gateway on the dashboard, but those of which another one says more', () => {
    const said = [
      'probe_duration_seconds_last',
      'candidate_up',
      'servers_unhealthy',
      'epoch',
      'split_brain_alarms_total',
      'verdicts_total',
    ];
    const shown = new Set(expressions(dashboard).flatMap(named));
    const missing = families.filter((name) => name.startsWith('pg_gateway_') && !shown.has(name));
    assert.deepEqual(missing.toSorted(), said.map((name) => `pg_gateway_${name}`).toSorted());
  });
});
