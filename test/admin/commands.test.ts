import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandArgs, CommandError, commandsOf, MisusedCommand } from '../../src/admin/commands.ts';
import { idleOperations } from './operations.ts';

const commands = commandsOf(idleOperations);

/** Of every type that JSON has, some of them without a text. */
const values: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e300,
  '',
  'x\n\x1b[2J',
  [],
  [[]],
  {},
  { toString: 1 },
  {
    toString: null,
    valueOf: null,
  },
];
const names = [
  'yes',
  'level',
  'kind',
  'ms',
  'timeoutMs',
  'client',
  'address',
  'server',
  'socket',
  '__proto__',
];

test('a command refuses what makes no sense with a reason, whatever the type of its arguments', async () => {
  let refused = 0;
  for (const { run } of Object.values(commands)) {
    for (const [name, value] of names.flatMap((name) => values.map((value) => [name, value] as const))) {
      const args = JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`) as CommandArgs;
      try {
        await run(args, 'uid 0');
      } catch (error) {
        assert.ok(
          error instanceof MisusedCommand || error instanceof CommandError,
          `${name}: ${String(error)}`,
        );
        refused += 1;
      }
    }
  }
  assert.ok(refused > 100, `${refused} refused`);
});
