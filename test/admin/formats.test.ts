import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Family, formatFor, openMetrics, plainText, render } from '../../src/admin/exposition.ts';
import { metricsOf } from '../../src/admin/metrics.ts';
import { processFigures } from '../../src/admin/process-figures.ts';
import { noPrometheus, promtool } from '../bed/prometheus.ts';
import { primary, standby } from '../cluster/scene.ts';
import { readExposition, type Sample } from './exposition.ts';
import { snapshotOf } from './snapshot.ts';

const all = metricsOf(snapshotOf([primary('a'), standby('b')]), processFigures());

/** Names of the program that this one replaces, which break a rule of Prometheus: they stay, because dashboards have them. */
const oldNames = { pg_gateway_servers_total: 'non-counter metrics should not have "_total" suffix' };

describe('the format of /metrics', () => {
  const prometheus2 =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,' +
    'text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  const prometheus3 = 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,' +
    'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
  const accepted: readonly [string | undefined, typeof plainText][] = [
    [prometheus2, openMetrics],
    [prometheus3, openMetrics],
    ['application/openmetrics-text', openMetrics],
    ['Application/OpenMetrics-Text; Version="1.0.0"; charset=utf-8', openMetrics],
    ['text/plain;q=0.5, application/openmetrics-text;version=1.0.0;q=0.5', openMetrics],
    [undefined, plainText],
    ['', plainText],
    ['*/*', plainText],
    ['text/html,application/xhtml+xml,*/*;q=0.8', plainText],
    ['application/openmetrics-text;version=0.0.1', plainText],
    ['application/openmetrics-text;version=2.0.0', plainText],
    ['application/openmetrics-text;q=0', plainText],
    ['application/openmetrics-text;q=0.4, text/plain;q=0.5', plainText],
    ['application/openmetrics-text;q=much', plainText],
    [',;=,', plainText],
  ];
  for (const [accept, format] of accepted) {
    test(`for Accept: ${accept} is ${format === openMetrics ? 'OpenMetrics' : 'plain text'}`, () => {
      assert.equal(formatFor(accept), format);
    });
  }

  test('names a counter without _total in OpenMetrics, and its series with it', () => {
    const family: Family = {
      name: 'a_total',
      type: 'counter',
      help: 'Say "a\\b".',
      samples: [[{ x: '"\n' }, 2]],
    };
    assert.equal(
      render([family], openMetrics),
      '# HELP a Say \\"a\\\\b\\".\n# TYPE a counter\na_total{x="\\"\\n"} 2\n# EOF\n',
    );
    assert.equal(
      render([family], plainText),
      '# HELP a_total Say "a\\\\b".\n# TYPE a_total counter\na_total{x="\\"\\n"} 2\n',
    );
  });

  test('has the same series in both', () => {
    const lines = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.deepEqual(lines(render(all, openMetrics)), lines(render(all, plainText)));
    const samples: Sample[] = [...readExposition(render(all, plainText)).values()].flatMap(({ samples }) =>
      samples
    );
    assert.ok(samples.length > 50);
  });

  test('is clean for promtool, but for the old names', { skip: noPrometheus }, () => {
    const { said } = promtool(['check', 'metrics'], render(all, plainText));
    assert.deepEqual(said.split('\n'), Object.entries(oldNames).map((name) => name.join(' ')));
  });
});

describe('the figures of the process', {
  skip: process.platform === 'linux' ? false : 'they are read in /proc, which is of Linux',
}, () => {
  test('are those of this process, in seconds and bytes', () => {
    while (process.cpuUsage().user < 600_000) { /* Something to be counted. */ }
    const { cpuSeconds, residentBytes, virtualBytes, openFiles, maxFiles, startedAt } = processFigures()!;
    const { user, system } = process.cpuUsage();
    // Each of the two is rounded to hundredths of a second, and read a moment apart.
    assert.ok(Math.abs(cpuSeconds - (user + system) / 1e6) < 0.3, `${cpuSeconds}`);
    assert.ok(residentBytes > 8 * 1024 ** 2 && residentBytes < virtualBytes, `${residentBytes}`);
    assert.ok(openFiles > 2 && openFiles < (maxFiles ?? Infinity), `${openFiles}`);
    // The start of the system is known to the second.
    assert.ok(Math.abs(startedAt - (Date.now() / 1000 - process.uptime())) < 3, `${startedAt}`);
  });
});
