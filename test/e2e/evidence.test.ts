import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, runProgram, startGateway } from '../bed/gateway.ts';

const folder = mkdtempSync(join(tmpdir(), 'evidence-'));
const control = join(folder, 'control.sock');
const password = 'not-for-others';

describe(`evidence and replay on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  const path = join(folder, 'evidence.json');

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      CONTROL_SOCKET: control,
      PGPASSWORD: password,
    });
    await gateway.routesTo(cluster.first.port);
    await cluster.first.kill();
    await gateway.routesTo('nobody');
    await cluster.server(1).promote();
    await gateway.routesTo(cluster.server(1).port);
    const { code, stdout, stderr } = await runProgram([
      'evidence',
      '--out',
      path,
      '--control-socket',
      control,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /evidence\.json has \d+ decisions; pg_gateway replay /);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
    rmSync(folder, { recursive: true });
  });

  const saved = (text: string, name = 'other.json'): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('a failover is saved without secrets, and decided once more without a server', async () => {
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(!readFileSync(path, 'utf8').includes(password));
    const { code, stdout } = await runProgram(['replay', path]);
    assert.equal(code, 0, stdout);
    const { first, servers: [, second] } = cluster;
    assert.match(
      stdout,
      new RegExp(`Z  same       ${first.address}: ${first.address} is primary on timeline 1`),
    );
    assert.match(stdout, /Z {2}same {7}nobody: /);
    assert.match(stdout, new RegExp(`Z  same       ${second!.address}: .*timeline 2`));
    assert.match(
      stdout,
      /\nAll \d+ decisions come out the same\.\nThen: 1 change of the primary, (.*) without a route (.*)\.\nAgain: 1 change of the primary, \1 without a route \2\.\n$/,
    );
  });

  test('other settings tell what would have been', async () => {
    const { code, stdout } = await runProgram([
      'replay',
      path,
      '--set',
      'FAIL_AFTER=100',
      '--set',
      'split_brain=refuse',
    ]);
    assert.equal(code, 0);
    assert.match(stdout, /different {2}then: nobody: .*\n +now: {2}127\.0\.0\.1:\d+: .* stays primary/);
    assert.match(
      stdout,
      /\nWith FAIL_AFTER=100 SPLIT_BRAIN=refuse: 1 change of the primary, never without a route\.\n$/,
    );
  });

  test('names and addresses can be masked, and it is decided the same', async () => {
    const { code, stdout } = await runProgram(['evidence', '--mask', '--control-socket', control]);
    assert.equal(code, 0);
    const { address } = cluster.first;
    assert.ok(!stdout.includes(address) && !stdout.includes('refuses connections'));
    const again = await runProgram(['replay', saved(stdout)]);
    assert.equal(again.code, 0, again.stdout);
    assert.match(again.stdout, /, masked, .*[^]*same {7}server-1:\d+: server-1:\d+ is primary on timeline 1/);
  });

  test('a file that tells another verdict than was decided is found out, with exit code 1', async () => {
    const text = readFileSync(path, 'utf8').replaceAll('"standby"', '"down"');
    const { code, stdout } = await runProgram(['replay', saved(text)]);
    assert.equal(code, 1);
    assert.match(stdout, /\n[1-9]\d* of \d+ decisions come out different\.\n/);
  });

  test('a file that cannot be read is told so', async () => {
    const huge = saved('');
    truncateSync(huge, 300 * 1024 * 1024);
    assert.match(
      (await runProgram(['replay', huge])).stderr,
      /is too large to be evidence of a gateway: 314572800 bytes/,
    );
    const cut = await runProgram(['replay', saved(readFileSync(path, 'utf8').slice(0, -9))]);
    assert.deepEqual([cut.code, /is no JSON, perhaps cut off/.test(cut.stderr)], [1, true]);
    const none = await runProgram(['replay', join(folder, 'none.json')]);
    assert.deepEqual([none.code, /none\.json cannot be read \(ENOENT\)/.test(none.stderr)], [1, true]);
  });

  test('what cannot be replayed is told so, with exit code 2', async () => {
    const { code, stderr } = await runProgram([
      'replay',
      path,
      '--set',
      'HOLD_MS=1',
      '--set',
      'FAIL_AFTER=x',
    ]);
    assert.equal(code, 2);
    assert.match(stderr, /--set HOLD_MS=1 cannot be replayed: .* FAIL_AFTER, SPLIT_BRAIN, SYSTEM_IDENTIFIER/);
    assert.match(stderr, /--set FAIL_AFTER=x is not a whole number from 1 to 100/);
    assert.match((await runProgram(['replay'])).stderr, /say which file/);
  });
});
