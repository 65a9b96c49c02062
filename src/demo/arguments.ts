import { parseArgs } from 'node:util';
import { type Step, stepsOf } from './commands.ts';

/** What is run where nobody sits at a terminal. */
const wholeStory =
  'wait 1; kill; promote; wait 1; back; switchover; wait 1; freeze; promote; wait 1; back; quit';

export interface Arguments {
  readonly port: number;
  readonly fresh: boolean;
  readonly gateway: string | undefined;
  readonly postgres: string | undefined;
  readonly fetch: boolean;
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
      postgres: { type: 'string' },
      fetch: { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`--port ${values.port} is no port`);
  }
  const text = values.run ?? (hasTerminal ? undefined : wholeStory);
  const steps = text === undefined ? undefined : stepsOf(text);
  const { fresh, gateway, postgres, fetch } = values;
  return { port, fresh, gateway, postgres, fetch, steps };
}
