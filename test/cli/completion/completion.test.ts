import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { commandLine, flagsOf, places, type Shell, shells } from '../../../src/cli/command-line.ts';
import { commands } from '../../../src/cli/commands.ts';
import { completionFor } from '../../../src/cli/completion/completion.ts';
import { flagOf, settingNames, settings } from '../../../src/config/settings.ts';

const here = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), 'completion-'));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'there'));
writeFileSync(join(folder, 'there/one file.conf'), '');

const line = commandLine(commands);
const names = line.map(({ name }) => name);
const commonFlags = ['--help', '--version'];

/** How a shell is asked, with the files of the completion, of the lines and of the answer. */
const drivers: Readonly<Record<Exclude<Shell, 'powershell'>, (...files: string[]) => string[]>> = {
  bash: (...files) => ['bash', '--norc', join(here, 'bash-driver.bash'), ...files],
  zsh: (...files) => ['zsh', '-f', join(here, 'zsh-driver.zsh'), ...files],
  fish: (...files) => ['fish', '--no-config', join(here, 'fish-driver.fish'), ...files],
};

/** What the shell offers after each of these lines. */
function offered(shell: keyof typeof drivers, lines: readonly string[]): ReadonlyMap<string, string[]> {
  const [completion, asked, out] = ['completion', 'lines', 'out'].map((name) =>
    join(folder, `${shell}.${name}`)
  ) as [string, string, string];
  writeFileSync(completion, completionFor(shell, commands));
  writeFileSync(asked, `${lines.join('\n')}\n`);
  const [program = '', ...args] = drivers[shell](completion, asked, out);
  const { stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, TERM: 'xterm' },
    timeout: 60_000,
  });
  assert.deepEqual([error, stderr], [undefined, '']);
  const text = shell === 'zsh' ? readFileSync(out, 'utf8') : stdout;
  return new Map(
    text.split(/^> /m).slice(1).map((part) => {
      const [asked = '', ...words] = part.replace(/\n$/, '').split('\n');
      return [asked, words.filter((word) => word !== '')];
    }),
  );
}

const sorted = (words: readonly string[] | undefined): string[] => [...words ?? []].sort();

for (const shell of Object.keys(drivers) as (keyof typeof drivers)[]) {
  const skip = spawnSync(shell, ['-c', 'true']).error !== undefined &&
    `there is no ${shell} on this machine: install Debian's package ${shell}`;

  describe(`completion in ${shell}`, { skip }, () => {
    const flagLines = names.map((name) => `pg_gateway ${name} --`);
    const withWords = settingNames.filter((name) => settings[name].words !== undefined);
    const wordLines = withWords.map((name) => `pg_gateway ${flagOf(name)} `);
    const places = [
      'pg_gateway ',
      'pg_gateway --',
      'pg_gateway --hold-ms ',
      'pg_gateway check --pgsslmode verify',
      'pg_gateway --engine=',
      'pg_gateway --engine=po',
      'pg_gateway clients --sort d',
      'pg_gateway drill ',
      'pg_gateway log-level ',
      'pg_gateway completion ',
      'pg_gateway --config-file there/o',
      'pg_gateway replay there/o',
      'pg_gateway --listen-port 6432 --eng',
    ];
    const at = skip ? new Map<string, string[]>() : offered(shell, [...places, ...flagLines, ...wordLines]);

    test('offers every command', () => {
      assert.deepEqual(sorted(at.get('pg_gateway ')), sorted(names));
    });

    test('offers every setting where no command is named', () => {
      assert.deepEqual(
        sorted(at.get('pg_gateway --')),
        sorted([...settingNames.map(flagOf), ...commonFlags]),
      );
      assert.deepEqual(at.get('pg_gateway --listen-port 6432 --eng'), ['--engine']);
    });

    for (const command of line) {
      test(`offers the flags that ${command.name} takes, and no others`, () => {
        assert.deepEqual(
          sorted(at.get(`pg_gateway ${command.name} --`)),
          sorted(flagsOf(command).map(({ name }) => name)),
        );
      });
    }

    for (const name of withWords) {
      test(`offers the words of ${flagOf(name)}`, () => {
        assert.deepEqual(sorted(at.get(`pg_gateway ${flagOf(name)} `)), sorted(settings[name].words));
      });
    }

    test('offers words by their beginning, and after an equals sign', () => {
      assert.deepEqual(at.get('pg_gateway check --pgsslmode verify'), ['verify-ca', 'verify-full']);
      // fish offers the whole word.
      const bare = (asked: string) => sorted(at.get(asked)?.map((word) => word.replace(/^--engine=/, '')));
      assert.deepEqual(bare('pg_gateway --engine='), ['auto', 'native', 'portable']);
      assert.deepEqual(bare('pg_gateway --engine=po'), ['portable']);
    });

    test('offers what a command takes', () => {
      assert.deepEqual(sorted(at.get('pg_gateway drill ')), ['fence', 'no-primary']);
      assert.deepEqual(sorted(at.get('pg_gateway log-level ')), ['debug', 'error', 'info', 'warn']);
      assert.deepEqual(sorted(at.get('pg_gateway completion ')), [...shells].sort());
      assert.deepEqual(sorted(at.get('pg_gateway clients --sort d')), ['database', 'down']);
    });

    test('offers files where a file is meant, blanks and all, and nothing where all is free', () => {
      for (const asked of ['pg_gateway --config-file there/o', 'pg_gateway replay there/o']) {
        const [only = '', ...others] = at.get(asked) ?? [];
        assert.match(only, /^(?:there\/)?one\\? file\.conf$/, asked);
        assert.equal(others.length, 0);
      }
      assert.deepEqual(at.get('pg_gateway --hold-ms '), []);
    });
  });
}

describe('completion in PowerShell', () => {
  const text = completionFor('powershell', commands);

  // There is no PowerShell on this machine: this reads what it would.
  test('has every command and flag, and no quote that ends early', () => {
    for (const { name, ...command } of line) {
      const [, entry = ''] = text.split(`        '${name}' = @{\n            Help`);
      const [flags = ''] = entry.split('AfterFlag');
      for (const flag of flagsOf({ name, ...command })) {
        assert.ok(flags.includes(`'${flag.name}' = '`), flag.name);
      }
    }
    const code = text.split('\n').filter((line) => !/^\s*#/.test(line)).join('\n').replace(
      /'(?:[^']|'')*'/g,
      '',
    );
    assert.doesNotMatch(code, /'/);
    for (const [open, close] of ['{}', '()', '[]']) {
      assert.equal(code.split(open!).length, code.split(close!).length, open);
    }
  });

  test('has the words of settings', () => {
    for (const name of settingNames) {
      const words = (settings[name].words ?? []).map((word) => `'${word}'`).join(', ');
      assert.ok(text.includes(`                '${flagOf(name)}' = @(${words})\n`), name);
    }
  });
});

test('what citty has no place for names commands and flags that are there', () => {
  for (const place of Object.keys(places)) {
    const [name, flag] = place.split(' ');
    const command = line.find((command) => command.name === name);
    assert.ok(command !== undefined, place);
    if (flag !== undefined) assert.ok(command.own.some((own) => own.name === flag), place);
  }
});
