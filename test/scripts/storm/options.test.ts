import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backOffMs } from '../../../scripts/lib/storm/back-off.ts';
import { haproxyConfig } from '../../../scripts/lib/storm/haproxy-config.ts';
import { help, readOptions } from '../../../scripts/lib/storm/options.ts';
import { faultsOfConfiguration, noHaproxy } from '../../bed/haproxy.ts';
import { removeWorkspace, workspace } from '../../bed/workspace.ts';
import { writeConfig } from '../../../scripts/lib/bench/configs.ts';

describe('scripts/storm', () => {
  test('has defaults, and takes what its help names', () => {
    const { seed, ...defaults } = readOptions([]) as Exclude<ReturnType<typeof readOptions>, 'help'>;
    assert.ok(Number.isInteger(seed));
    assert.deepEqual(defaults, {
      ways: ['gateway', 'haproxy', 'hosts'],
      clients: 2000,
      rounds: 3,
      kind: 'kill',
      settings: {},
      out: undefined,
      json: undefined,
    });
    const args = [
      ...['--ways', 'hosts,gateway', '--clients', '50', '--rounds', '1', '--kind', 'freeze', '--seed', '7'],
      ...['--set', 'MAX_HELD=5', '--set', 'PREWARM=2', '--out', 'dist/storm.md', '--json', 'dist/storm.json'],
    ];
    assert.deepEqual(readOptions(args), {
      ways: ['gateway', 'hosts'],
      clients: 50,
      rounds: 1,
      kind: 'freeze',
      settings: { MAX_HELD: '5', PREWARM: '2' },
      seed: 7,
      out: 'dist/storm.md',
      json: 'dist/storm.json',
    });
    assert.equal(readOptions(['--help']), 'help');
    for (const flag of args.filter((arg) => arg.startsWith('--'))) {
      assert.ok(help.includes(`  ${flag} `), flag);
    }
  });

  test('tells mistakes', () => {
    assert.throws(() => readOptions(['--ways', 'ferry']), /there is no "ferry"/);
    assert.throws(() => readOptions(['--kind', 'stop']), /--kind stop: it is one of kill, freeze/);
    assert.throws(() => readOptions(['--clients', '0']), /--clients 0 is not a whole number from 1/);
    assert.throws(() => readOptions(['--set', 'max-held=5']), /--set max-held=5: it has the form NAME=VALUE/);
    assert.throws(() => readOptions(['--fast']), /--fast/);
  });

  test('clients come back at once, then ever later, at most after a second, and not in step', () => {
    assert.equal(backOffMs(0, 0), 0);
    assert.deepEqual([1, 2, 3, 4, 5, 6, 60].map((tries) => backOffMs(tries, 0)), [
      50,
      100,
      200,
      400,
      800,
      1000,
      1000,
    ]);
    assert.equal(backOffMs(6, 1), 500);
  });

  test('HAProxy takes its configuration, and has room for all', { skip: noHaproxy }, async () => {
    const servers = ['one', 'two'].map((name, at) => ({
      name,
      host: '127.0.0.1',
      port: 5432 + at,
      checkPort: 8008 + at,
    }));
    const config = haproxyConfig(5000, 300, servers);
    assert.match(config, /server two 127\.0\.0\.1:5433 maxconn 700 check port 8009/);
    assert.equal(faultsOfConfiguration(writeConfig(workspace(undefined).folder, 'haproxy.cfg', config)), '');
    await removeWorkspace();
  });
});
