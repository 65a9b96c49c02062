import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineCommand, runCommand } from 'citty';
import { configOf, settingArgs } from '../../src/cli/args.ts';
import type { Config } from '../../src/config/config.ts';
import { ConfigError } from '../../src/errors.ts';
import { settingNames } from '../../src/config/settings.ts';

/** The configuration that a command line makes, through the parser that the program uses. */
async function read(...rawArgs: string[]): Promise<Config> {
  const command = defineCommand({
    args: settingArgs(settingNames),
    run: ({ args }) => configOf(args, ['LISTEN_HOST', 'LISTEN_PORT']),
  });
  const { result } = await runCommand(command, { rawArgs: ['--candidates', 'db1', ...rawArgs] });
  return result as Config;
}

async function problems(...rawArgs: string[]): Promise<readonly string[]> {
  const error = await read(...rawArgs).then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof ConfigError, String(error));
  return error.problems;
}

// Settings in this process's environment must not decide these tests.
for (const name of Object.keys(process.env)) if (/^PG/.test(name)) delete process.env[name];
process.env['PGUSER'] = 'anna';

describe('the command line', () => {
  const forms: readonly (readonly string[])[] = [
    ['--hold-ms', '5'],
    ['--hold-ms=5'],
    ['--holdMs', '5'],
    ['--hold_ms', '5'],
    ['--hold_ms=5'],
    ['--HOLD_MS', '5'],
    ['--HOLD_MS=5'],
  ];
  for (const form of forms) {
    test(`takes ${form.join(' ')}`, async () => assert.equal((await read(...form)).data.holdMs, 5));
  }

  test('takes the last of a flag that is there twice', async () => {
    assert.equal((await read('--hold-ms', '5', '--hold-ms', '6')).data.holdMs, 6);
  });

  test('takes the address and the port as arguments', async () => {
    assert.deepEqual((await read('127.0.0.1', '7000')).listen, { host: '127.0.0.1', port: 7000, alsoOn: [] });
    assert.deepEqual((await read('127.0.0.1')).listen, { host: '127.0.0.1', port: 6432, alsoOn: [] });
  });

  test('prefers a flag to an argument', async () => {
    assert.deepEqual((await read('127.0.0.1', '7000', '--listen-port', '8000')).listen, {
      host: '127.0.0.1',
      port: 8000,
      alsoOn: [],
    });
  });

  test('wins over the environment', async () => {
    process.env['HOLD_MS'] = '7';
    try {
      assert.equal((await read()).data.holdMs, 7);
      assert.equal((await read('--hold-ms', '5')).data.holdMs, 5);
    } finally {
      delete process.env['HOLD_MS'];
    }
  });
});

describe('a mistake on the command line', () => {
  test('an unknown flag is told once, with the nearest that there is', async () => {
    assert.deepEqual(await problems('--hold-mss', '5'), [
      '--hold-mss is no flag of pg_gateway; did you mean --hold-ms?',
    ]);
    assert.deepEqual(await problems('--hold_mss=5'), [
      '--hold_mss is no flag of pg_gateway; did you mean --hold-ms?',
    ]);
    assert.deepEqual(await problems('-x'), ['--x is no flag of pg_gateway']);
  });

  for (const flag of ['--constructor', '--to-string', '--hasOwnProperty']) {
    test(`${flag} is no setting`, async () => assert.match((await problems(flag))[0]!, /is no flag/));
  }

  const without: readonly (readonly string[])[] = [
    ['--hold-ms'],
    ['--hold-ms='],
    ['--no-hold-ms'],
    ['--hold-ms', '--fail-after=2'],
    ['--holdMs'],
    ['--hold_ms'],
    ['--HOLD_MS='],
  ];
  for (const args of without) {
    test(`${args.join(' ')} has no value`, async () => {
      assert.deepEqual(await problems(...args), ['--hold-ms needs a value: ms']);
    });
  }

  test('a flag never becomes the value of a text', async () => {
    assert.deepEqual(await problems('--pguser', '--pgdatabase=app'), ['--pguser needs a value: role']);
  });

  test('one argument too many is told', async () => {
    assert.deepEqual(await problems('127.0.0.1', '7000', 'more', 'yet more'), [
      '"more" is one argument too many',
      '"yet more" is one argument too many',
    ]);
  });

  test('a bad value is told with its flag, and an argument with its setting', async () => {
    assert.deepEqual(await problems('--hold-ms', 'soon'), [
      '--hold-ms soon is not a whole number of ms from 0 to 3600000, nor one with a unit (ms, s, min, h, d)',
    ]);
    assert.match((await problems('127.0.0.1', 'pg'))[0]!, /^--listen-port pg is not a whole number/);
  });

  test('a port in the place of the address is told', async () => {
    assert.deepEqual(await problems('6432'), [
      '"6432" looks like a port: the address comes first, as in pg_gateway 0.0.0.0 6432; or say --listen-port 6432',
    ]);
    assert.match((await problems('--listen-host', '6432'))[0]!, /^--listen-host 6432 looks like a port/);
    assert.match((await problems('10.0.0.1:6432'))[0]!, /has a port in it: leave 10\.0\.0\.1 here/);
  });

  test('a secret is not taken, and not shown', async () => {
    const ways: readonly [string, string][] = [
      ['--pgpassword', 'PGPASSWORD'],
      ['--metrics-token', 'METRICS_TOKEN'],
      ['--METRICS_TOKEN', 'METRICS_TOKEN'],
    ];
    for (const [flag, name] of ways) {
      for (const args of [[`${flag}=hunter2`], [flag, 'hunter2']]) {
        const lines = (await problems(...args)).join('\n');
        assert.match(lines, new RegExp(`^${flag} would show the secret.* set ${name} or ${name}_FILE$`, 'm'));
        assert.doesNotMatch(lines, /hunter2/);
      }
    }
  });

  test('all mistakes are told at once', async () => {
    assert.equal((await problems('--nope=1', '--hold-ms', '--', 'a', '1')).length, 2);
    assert.equal((await problems('--hold-ms=soon', '--fail-after=x')).length, 2);
  });
});
