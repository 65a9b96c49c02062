import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { availableCores, defaultWorkers } from '../../src/config/cores.ts';
import { sharesPorts } from '../../src/runtime/shared-ports.ts';

const files = (texts: Record<string, string>) => (path: string) => texts[path] ?? '';
const v2 = '/sys/fs/cgroup/cpu.max';
const v1 = '/sys/fs/cgroup/cpu/cpu.cfs_';

describe('the processors of this process', () => {
  test('are those of the machine without a quota', () => {
    for (
      const none of [{}, { [v2]: 'max 100000\n' }, {
        [`${v1}quota_us`]: '-1\n',
        [`${v1}period_us`]: '100000\n',
      }]
    ) {
      assert.equal(availableCores(files(none)), availableParallelism());
    }
  });

  test('are what the quota of a cgroup allows, a part of one counting as one', () => {
    assert.equal(availableCores(files({ [v2]: '20000 100000\n' })), 1);
    assert.equal(availableCores(files({ [v2]: '150000 100000\n' })), Math.min(2, availableParallelism()));
    assert.equal(availableCores(files({ [`${v1}quota_us`]: '50000\n', [`${v1}period_us`]: '100000\n' })), 1);
  });

  test('are never more than the machine has', () => {
    assert.equal(availableCores(files({ [v2]: '99900000 100000\n' })), availableParallelism());
  });

  test('are known without a fake, too', () => {
    assert.ok(availableCores() >= 1);
  });
});

describe('the number of workers by default', () => {
  test('are half of the processors, from one to four', () => {
    assert.deepEqual([1, 2, 3, 4, 6, 8, 64].map((cores) => defaultWorkers(cores, 'linux')), [
      1,
      1,
      1,
      2,
      3,
      4,
      4,
    ]);
  });

  test('are one where a shared port does not spread connections', () => {
    assert.equal(defaultWorkers(64, 'darwin'), 1);
    assert.equal(defaultWorkers(64, 'win32'), 1);
  });

  test('are one where the runtime cannot share a port', () => {
    assert.equal(defaultWorkers(64, 'linux', false), 1);
    assert.deepEqual(['20.20.2', '22.11.0', '22.12.0', '24.21.0'].map((version) => sharesPorts(version)), [
      false,
      false,
      true,
      true,
    ]);
  });
});
