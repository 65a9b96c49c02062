/** What a running gateway can be told over the control socket: the commands by name. */
import { type LogLevel, logLevels } from '../log-events.ts';
import type { Change } from '../config/reload.ts';
import type { Snapshot } from './snapshot.ts';
import { statusOf } from './status.ts';

/** What came with a command: each value is checked by the command that takes it. */
export type CommandArgs = Readonly<Record<string, unknown>>;

export interface Command {
  /** It is written to the log, with who asked. */
  readonly isChange: boolean;
  /** Returns what the answer's JSON holds. Throws CommandError or MisusedCommand. */
  run(args: CommandArgs): unknown;
}

/** What a reload has changed. */
export interface Reloaded {
  readonly changes: readonly Change[];
  readonly warnings: readonly string[];
}

/** How many sockets were sent to another gateway, in this order. */
export interface Passed {
  readonly primary: number;
  readonly standby: number;
}

export type Commands = Readonly<Record<string, Command>>;

/** A command that could not be carried out: the message says what to do. */
export class CommandError extends Error {}

/** A command that makes no sense as it was given: the message says what would. */
export class MisusedCommand extends Error {}

/** The gateway, as far as commands reach it. */
export interface Operations {
  snapshot(): Snapshot;
  /** As SIGTERM does. */
  drain(): void;
  setLogLevel(level: LogLevel): void;
  /** Reads everything again. Rejects with CommandError, and then nothing is changed. */
  reload(): Promise<Reloaded>;
  /** Gives all that listens to the process with the unix socket at `path`. Throws CommandError. */
  passSockets(path: string): Passed;
  /** Another gateway listens now. */
  takenOver(): void;
}

export function commandsOf(operations: Operations): Commands {
  return {
    status: { isChange: false, run: () => statusOf(operations.snapshot()) },
    drain: {
      isChange: true,
      run: () => {
        operations.drain();
        return {};
      },
    },
    reload: { isChange: true, run: () => operations.reload() },
    // These two are what another gateway says that starts with TAKEOVER=on.
    takeover: {
      isChange: true,
      run: ({ socket }) => {
        if (typeof socket !== 'string') throw new MisusedCommand('takeover needs the path of a "socket"');
        return operations.passSockets(socket);
      },
    },
    'taken-over': {
      isChange: true,
      run: () => {
        operations.takenOver();
        return {};
      },
    },
    'log-level': {
      isChange: true,
      run: ({ level }) => {
        const known = logLevels.find((name) => name === level);
        if (known === undefined) {
          throw new MisusedCommand(`"${level}" is no level of the log: it is one of ${logLevels.join(', ')}`);
        }
        operations.setLogLevel(known);
        return { level: known };
      },
    },
  };
}
