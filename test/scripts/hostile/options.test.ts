import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { help, readOptions } from '../../../scripts/lib/hostile/options.ts';
import { quantile, tableOf, type Watched } from '../../../scripts/lib/hostile/table.ts';

describe('scripts/hostile', () => {
  test('has defaults, and takes what its help names', () => {
    assert.deepEqual(readOptions([]), { runtime: 'executable', seconds: 30, rounds: 5, out: undefined });
    const args = ['--runtime', 'node', '--seconds', '3', '--rounds', '1', '--out', 'dist/hostile.md'];
    assert.deepEqual(readOptions(args), { runtime: 'node', seconds: 3, rounds: 1, out: 'dist/hostile.md' });
    assert.equal(readOptions(['--help']), 'help');
    for (const flag of args.filter((arg) => arg.startsWith('--'))) {
      assert.ok(help.includes(`  ${flag} `), flag);
    }
  });

  test('tells mistakes', () => {
    assert.throws(() => readOptions(['--runtime', 'php']), /there is no "php"/);
    assert.throws(() => readOptions(['--seconds', '0']), /--seconds 0 is not a whole number from 1/);
    assert.throws(() => readOptions(['--fast']), /--fast/);
  });

  test('prints tables in Markdown', () => {
    const watched: Watched = {
      candidates: 2,
      cpuShare: 0.0123,
      memoryBytes: 10 * 1_048_576,
      descriptors: 20,
      linesAMinute: 0,
      clientMs: [3, 1, 2],
      failedClients: 0,
      directMs: [1],
      failoverMs: [50, 70],
    };
    const table = tableOf(watched, { ...watched, candidates: 30, failoverMs: [] }, [
      { from: 'when it is accepted', connections: 4, bytes: 400 },
    ], 'node; 2 cores.');
    const lines = table.split('\n');
    assert.equal(lines[0], '| | without | with 28 hostile candidates |');
    assert.ok(lines.includes('| processor time, of one | 1.2 % | 1.2 % |'));
    assert.ok(lines.includes('| clients: connect and ask, p50 | 2.0 ms | 2.0 ms |'));
    assert.ok(lines.includes('| the same, the longest | 70.0 ms | - |'));
    assert.ok(lines.includes('| when it is accepted | 4 | 100 |'));
    assert.ok(Number.isNaN(quantile([], 0.5)));
  });
});
