import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { commandLine } from '../../../src/cli/command-line.ts';
import { commands } from '../../../src/cli/commands.ts';
import { manualOf } from '../../../src/cli/manual/command.ts';
import { flagOf, sections, settingNames, settings } from '../../../src/config/settings.ts';
import { version } from '../../../src/version.ts';

const page = manualOf(commands, new Date('2026-02-03T04:05:06Z'));

const mandoc = (...args: readonly string[]) => {
  const { stdout, error } = spawnSync('mandoc', args, { input: page, encoding: 'utf8' });
  return { said: stdout, error };
};

const skip = mandoc('-T', 'lint').error !== undefined &&
  "there is no mandoc on this machine: install Debian's package mandoc";

describe('the manual page', { skip }, () => {
  // As a reader sees it, without what is overstruck, and with every blank and line end as one blank.
  const shown = mandoc('-T', 'utf8').said.split('\b').map((part, index, { length }) =>
    index < length - 1 ? part.slice(0, -1) : part
  ).join('').replace(/\s+/g, ' ');

  test('has nothing that mandoc finds wrong', () => {
    assert.equal(mandoc('-T', 'lint').said, '');
  });

  test('tells of every setting what its help tells, its values and its default', () => {
    for (const name of settingNames) {
      const { help, hint, fallback } = settings[name];
      const all = `${flagOf(name)} ${hint}, ${name} ${help}${fallback === undefined ? '' : ` [${fallback}]`}`;
      assert.ok(shown.includes(all), all);
    }
    for (const section of sections) assert.ok(shown.includes(` ${section} --`), section);
  });

  test('tells of every command and its own flags', () => {
    for (const { name, help, own } of commandLine(commands)) {
      assert.ok(shown.includes(help), name);
      for (const flag of own) {
        assert.ok(shown.includes(`${flag.name}${flag.hint ? ` ${flag.hint}` : ''} ${flag.help}`));
      }
    }
  });

  test('tells the version, and its date at its foot', () => {
    assert.ok(shown.endsWith(`pg_gateway ${version} 2026-02-03 PG_GATEWAY(1) `), shown.slice(-80));
  });
});
