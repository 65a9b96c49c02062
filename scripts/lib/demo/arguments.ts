import { parseArgs } from 'node:util';
import { type Step, stepsOf } from './commands.ts';

export const help = `scripts/demo: one primary, two standbys and pg_gateway in front of them, on this machine.

In a terminal it shows a live view and takes keys. Without one, or with --run, it does what it is told in
order, prints plain lines and ends.

  --run 'COMMANDS'   commands with ; between, such as 'kill; promote; wait; back; switchover; quit'
  --port PORT        where the gateway listens (6432; the next free one if that is taken)
  --fresh            the writer opens a connection for every write instead of keeping one
  --gateway FILE     the gateway to start: a .ts file or a program (src/main.ts)
  --help             this text

Commands, each with an optional number of the server (1, 2, 3) that it is for, as in 'kill 2':
  kill         kill -9 the primary
  stop         stop the primary cleanly
  freeze       freeze the primary: its connections stay open, nothing answers; thaw ends it
  promote      promote the best standby, and say which of the others follow it, and why one does not
  back         bring back what is down, frozen or does not follow, as standbys of the primary
  switchover   stop the primary, promote a standby, bring the old primary back as a standby
  wait         wait until the server promoted last takes a new row; 'wait 2' also waits 2 seconds more
  quit         stop everything

The exit code is 0, or 1 if a command failed or nothing was written after the last promotion, by the server that was
promoted; 128 and its number after a signal, 141 if nobody reads the output. Whatever ends it, nothing of it stays.
`;

/** What is run where nobody sits at a terminal. */
const wholeStory =
  'wait 1; kill; promote; wait 1; back; switchover; wait 1; freeze; promote; wait 1; back; quit';

export interface Arguments {
  readonly help: boolean;
  readonly port: number;
  readonly fresh: boolean;
  readonly gateway: string | undefined;
  /** Undefined: show the live view. */
  readonly steps: readonly Step[] | undefined;
}

/** Throws with a sentence for people where the command line cannot be understood. */
export function readArguments(args: readonly string[], hasTerminal: boolean): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      run: { type: 'string' },
      port: { type: 'string', default: '6432' },
      fresh: { type: 'boolean', default: false },
      gateway: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`--port ${values.port} is no port`);
  }
  const text = values.run ?? (hasTerminal ? undefined : wholeStory);
  const steps = text === undefined ? undefined : stepsOf(text);
  return { help: values.help, port, fresh: values.fresh, gateway: values.gateway, steps };
}
