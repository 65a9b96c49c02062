import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { check } from '../../src/cli/check.ts';
import { explain } from '../../src/cli/explain/explain.ts';
import { commandHelp, programHelp } from '../../src/cli/help.ts';
import { replay } from '../../src/cli/replay.ts';
import { serve } from '../../src/cli/serve.ts';
import { flagOf, sections, settingNames, settings } from '../../src/config/settings.ts';
import { version } from '../../src/version.ts';

const helps: readonly [string, string][] = [
  ['the program', programHelp({ serve, check, explain })],
  ['a command', commandHelp('check', check)],
];

for (const [of, help] of helps) {
  describe(`the help of ${of}`, () => {
    const lines = help.split('\n');

    for (const name of settingNames) {
      test(`tells of ${flagOf(name)} once, with what it does, its values and its default`, () => {
        const [line = '', ...more] = lines.filter((line) => line.startsWith(`  ${flagOf(name)} `));
        const { help, hint, fallback } = settings[name];
        assert.ok(line.includes(help) && line.includes(hint), line);
        assert.equal(more.length, 0);
        assert.equal(line.endsWith(`[${fallback}]`), fallback !== undefined);
      });
    }

    test('has every section once, and no flag outside', () => {
      for (const section of sections) assert.equal(lines.filter((line) => line === `${section}:`).length, 1);
      assert.equal(lines.filter((line) => line.startsWith('  --')).length, settingNames.length);
    });

    test('tells how a password comes in', () => assert.match(help, /PGPASSWORD is no flag/));

    test('has neither blanks at the end of a line nor anything undefined', () => {
      for (const line of lines) assert.equal(line, line.trimEnd());
      assert.doesNotMatch(help, /undefined|\[object/);
    });
  });
}

describe('the help of a command that takes no setting', () => {
  test('says nothing of settings', () => {
    const help = commandHelp('replay', replay);
    assert.match(help, /--set NAME=value/);
    assert.doesNotMatch(help, /environment variable/);
  });
});

describe('the first lines of the help', () => {
  const help = programHelp({ serve, check, explain });

  test('say what this is, and which version', () => {
    assert.ok(help.startsWith(`pg_gateway ${version}: one address in front of a replicated PostgreSQL.\n`));
  });

  test('name every command with what it does', () => {
    assert.match(help, /^ {2}serve +Run the gateway.*$/m);
    assert.match(help, /^ {2}check +Check the configuration.*$/m);
    assert.match(help, /^ {2}explain +Ask a running gateway.*$/m);
  });

  test('of a command name the flags that it has for itself', () => {
    const help = commandHelp('explain', explain);
    assert.match(
      help,
      /^Of explain:\n {2}--url http:\/\/host:port +the metrics port.*\n {2}--client address +instead.*\n {2}--json +print/m,
    );
    assert.doesNotMatch(commandHelp('check', check), /^Of /m);
  });

  test('of a command name no settings but those that it takes', () => {
    const flags = commandHelp('explain', explain).match(/^ {2}--[a-z-]+/gm);
    assert.deepEqual(flags, [
      '  --url',
      '  --client',
      '  --json',
      '  --listen-port',
      '  --metrics-host',
      '  --metrics-port',
      '  --metrics-token-file',
      '  --control-socket',
      '  --config-file',
    ]);
  });

  test('of a command say how to call it', () => {
    assert.ok(
      commandHelp('check', check).startsWith('Usage: pg_gateway check [flags]\n\nCheck the configuration'),
    );
  });
});
