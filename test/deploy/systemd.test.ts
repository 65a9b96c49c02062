import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { activatedSockets } from '../../src/config/socket-activation.ts';
import { settings } from '../../src/config/settings.ts';
import { switches } from '../../src/runtime/switches.ts';

const deployed = join(import.meta.dirname, '../../deploy/systemd');
const names = readdirSync(deployed).filter((name) => /\.(?:service|socket)$/.test(name));
const textOf = (name: string): string => readFileSync(join(deployed, name), 'utf8');

/** The values of a key, in the order of the file. */
const valuesOf = (name: string, key: string): string[] =>
  [...textOf(name).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);

/** The most that `systemd-analyze security` may say, of 100: 100 is no protection at all. */
const mostExposure = 15;

describe('the units of systemd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'units-'));
  after(() => rmSync(folder, { recursive: true }));
  const skip = !existsSync('/usr/bin/systemd-analyze') &&
    "there is no systemd-analyze on this machine: install Debian's package systemd";

  /** The same with a program that is there: what is not would be told, too. */
  function copies(change = (text: string): string => text): string[] {
    return names.map((name) => {
      const path = join(folder, name);
      writeFileSync(path, change(textOf(name)).replaceAll('/usr/bin/pg_gateway', '/bin/true'));
      return path;
    });
  }

  const analyze = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['--no-pager', ...args], {
      encoding: 'utf8',
    });
    return { status, said: `${stdout}${stderr}` };
  };

  test('are understood by systemd', { skip }, () => {
    assert.deepEqual(analyze('verify', '--man=no', ...copies()), { status: 0, said: '' });
    const { said } = analyze(
      'verify',
      '--man=no',
      ...copies((text) => text.replace(/^NotifyAccess/m, 'NotifyAcess')),
    );
    assert.match(said, /NotifyAcess/, 'it would tell');
  });

  test('protect the machine as well as they can', { skip }, () => {
    const service = copies().find((path) => path.endsWith('.service'))!;
    const { status, said } = analyze('security', '--offline=true', `--threshold=${mostExposure}`, service);
    assert.equal(status, 0, said);
  });

  test('leave no variable that runs other code, and no memory on a disk', () => {
    const unset = valuesOf('pg_gateway.service', 'UnsetEnvironment').join(' ').split(' ');
    for (const name of ['BUN_BE_BUN', 'LD_PRELOAD', ...switches]) assert.ok(unset.includes(name), name);
    assert.deepEqual(valuesOf('pg_gateway.service', 'LimitCORE'), ['0']);
  });

  test('name the two ports as the program knows them', () => {
    const sockets = names.filter((name) => name.endsWith('.socket')).toSorted().toReversed();
    const given = sockets.flatMap((name) => valuesOf(name, 'FileDescriptorName'));
    const env = { LISTEN_PID: '7', LISTEN_FDS: String(given.length), LISTEN_FDNAMES: given.join(':') };
    assert.deepEqual(activatedSockets(env, 7), { primary: [3], standby: [4] });
    const [port] = valuesOf('pg_gateway.socket', 'ListenStream');
    assert.equal(port, `${settings.LISTEN_HOST.fallback}:${settings.LISTEN_PORT.fallback}`);
  });

  test('set what there is to be set, and stop later than a drain ends', () => {
    const set = valuesOf('pg_gateway.service', 'Environment').map((value) => value.split('=')[0]!);
    for (const name of set) assert.ok(Object.hasOwn(settings, name), name);
    const [seconds] = valuesOf('pg_gateway.service', 'TimeoutStopSec');
    assert.ok(Number(seconds) * 1_000 > Number(settings.DRAIN_MS.fallback) + 5_000);
  });
});
