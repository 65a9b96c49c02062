import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gatewayRuntime, runProgram } from '../bed/gateway.ts';

const fixtures = fileURLToPath(new URL('../cli/convert/fixtures', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'convert-'));
after(() => rmSync(folder, { recursive: true }));

describe(`convert on ${gatewayRuntime}`, () => {
  test('writes a file for each gateway that config takes as CONFIG_FILE, and overwrites none', async () => {
    const args = ['convert', join(fixtures, 'frontends.cfg'), '--out', folder];
    const { code, stdout, stderr } = await runProgram(args);
    assert.equal(code, 0, stderr);
    const names = readdirSync(folder).toSorted();
    assert.deepEqual(names, ['billing.env', 'orders_write.env']);
    assert.deepEqual(stdout.trim().split('\n').toSorted(), names.map((name) => join(folder, name)));
    assert.match(stderr, /left out: frontend queue \(line 66\): nothing in it says/);
    assert.match(stderr, /2 gateways take its place, .* 2 things to see to before clients move\./);
    const before = readFileSync(join(folder, 'billing.env'), 'utf8');
    const [config, again] = await Promise.all([
      runProgram(['config', '--config-file', join(folder, 'orders_write.env')]),
      runProgram(args),
    ]);
    assert.deepEqual([config.code, config.stderr], [0, '']);
    assert.match(config.stdout, /^REPLICA_PORT +5433 +\/.*orders_write\.env:\d+$/m);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /is there already: move it away, or name another folder\.$/m);
    assert.equal(readFileSync(join(folder, 'billing.env'), 'utf8'), before);
  });

  test('prints of several nothing that could be taken for one, and says what it cannot do, and why', async () => {
    const [two, none, endless, misused] = await Promise.all([
      runProgram(['convert', join(fixtures, 'frontends.cfg')]),
      runProgram(['convert', join(fixtures, 'external-check.cfg')]),
      runProgram(['convert', existsSync('/dev/zero') ? '/dev/zero' : 'nowhere.cfg']),
      runProgram(['convert', '--prmary', 'x']),
    ]);
    assert.equal(two.code, 0);
    assert.match(two.stdout, /^===== gateway 1 of 2, orders_write: a file of its own =====$/m);
    assert.match(two.stdout, /^# frontends\.cfg:44, .*\n# .*\nCANDIDATES=10/m);
    assert.deepEqual([none.code, none.stdout], [1, '']);
    assert.match(
      none.stderr,
      /listen postgres \(line 12\): .* or say what the port is for, with --primary postgres/,
    );
    assert.deepEqual([endless.code, endless.stdout], [1, '']);
    assert.match(endless.stderr, /is too large|cannot be read/);
    assert.equal(misused.code, 2);
    assert.match(
      misused.stderr,
      /^pg_gateway: --prmary is no flag of convert: it takes --primary, --replicas, --out$/m,
    );
  });
});
