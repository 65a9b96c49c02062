import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { startCluster } from '../bed/cluster.ts';
import { gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

function trouble(): string | false {
  if (gatewayRuntime !== 'binary') return 'this is about the executable';
  if (process.platform !== 'linux') return 'what it needs is written for Linux';
  return spawnSync('readelf', ['--version']).error === undefined
    ? false
    : 'readelf is not installed (apt-get install binutils)';
}

describe('what the executable needs of a machine', { skip: trouble() }, () => {
  const readelf = (option: string): string =>
    execFileSync('readelf', ['--wide', option, path('dist/pg_gateway')], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });

  test('the newest glibc that it asks for is the one that the README names', () => {
    const versions = [...readelf('--version-info').matchAll(/\bGLIBC_(\d+)\.(\d+)/g)]
      .map(([, major, minor]) => [Number(major), Number(minor)] as const)
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const told = /glibc (\d+\.\d+) or newer/.exec(readFileSync(path('README.md'), 'utf8'))?.[1];
    assert.equal(told, versions.at(-1)?.join('.'));
  });

  test('it loads nothing but glibc', () => {
    const libraries = [...readelf('--dynamic').matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) =>
      name as string
    );
    assert.ok(libraries.includes('libc.so.6'));
    const others = libraries.filter((name) => !/^(?:lib(?:c|m|dl|pthread|rt)\.so\.\d|ld-linux)/.test(name));
    assert.deepEqual(others, []);
  });

  test('at rest it takes no more memory than the README says', async () => {
    const told = /at most (\d+) MiB at rest/.exec(readFileSync(path('README.md'), 'utf8'))?.[1];
    const cluster = await startCluster({ standbys: 2 });
    const gateway = await startGateway({ CANDIDATES: cluster.candidates, NUM_THREADS: '1', ...patient });
    try {
      await gateway.routesTo(cluster.first.port);
      // Long enough for what grows with each probe to show.
      const probes = `pg_gateway_probe_duration_seconds_count{candidate="127.0.0.1:${cluster.first.port}"}`;
      await waitFor('a hundred probes', async () => (await gateway.metric(probes) ?? 0) >= 100, {
        deadlineMs: 120_000,
        // As often as a scraper may come: a page for each look of a test would be no rest.
        everyMs: 1_000,
      });
      const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8');
      const mebibytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
      assert.ok(mebibytes <= Number(told), `${mebibytes.toFixed(1)} MiB, and the README says ${told}`);
    } finally {
      await gateway.stop();
      await cluster.close();
    }
  });
});
