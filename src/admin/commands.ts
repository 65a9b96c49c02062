/** What a running gateway can be told over the control socket: the commands by name. */
import { type LogLevel, logLevels } from '../log-events.ts';
import type { Change } from '../config/reload.ts';
import type { ClientRow, Selection } from '../contract/messages.ts';
import type { Pause } from '../control/pause.ts';
import type { Found } from '../control/survey.ts';
import { JsonText } from './http.ts';
import { selectionOf } from './selection.ts';
import type { Snapshot } from './snapshot.ts';
import { statusOf } from './status.ts';

/** What came with a command: each value is checked by the command that takes it. */
export type CommandArgs = Readonly<Record<string, unknown>>;

export interface Command {
  /** It is written to the log, with who asked. */
  readonly isChange: boolean;
  /** Returns what the answer's JSON holds; `by` is who asks, of a change. Throws CommandError or MisusedCommand. */
  run(args: CommandArgs, by: string): unknown;
}

/** What a reload has changed. */
export interface Reloaded {
  readonly changes: readonly Change[];
  readonly warnings: readonly string[];
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
  /** Lists, or ends, the clients that are meant. */
  survey(kind: 'list' | 'kill', of: Selection): Promise<Found>;
  readonly pause: Pick<Pause, 'begin' | 'end'>;
  /** Reads everything again. Rejects with CommandError, and then nothing is changed. */
  reload(): Promise<Reloaded>;
}

/** What `clients` answers, as JSON. */
export interface Clients {
  readonly clients: readonly ClientRow[];
  /** Workers that did not answer in time: their clients are missing. */
  readonly silentWorkers: readonly number[];
}

/** What `kill` answers. */
export interface Killed {
  readonly killed: number;
  /** Workers that did not answer in time: their clients may live on. */
  readonly silentWorkers: readonly number[];
}

/** Longer than that is an outage. */
const pauseMs = { least: 1_000, most: 3_600_000 } as const;

export const pauseLimits = 'from 1 s to 1 h';

export function isPauseMs(value: unknown): value is number {
  return typeof value === 'number' && value >= pauseMs.least && value <= pauseMs.most;
}

export function commandsOf(operations: Operations): Commands {
  return {
    status: { isChange: false, run: () => statusOf(operations.snapshot()) },
    clients: {
      isChange: false,
      run: async (args) => {
        const { rows, silent } = await operations.survey('list', meant(args, operations.snapshot()));
        return new JsonText(`{"silentWorkers":${JSON.stringify(silent)},"clients":[\n${rows}\n]}`);
      },
    },
    drain: {
      isChange: true,
      run: () => {
        operations.drain();
        return {};
      },
    },
    kill: { isChange: true, run: (args) => kill(operations, args) },
    pause: {
      isChange: true,
      run: ({ timeoutMs }, by) => {
        if (!isPauseMs(timeoutMs)) throw new MisusedCommand(`a pause takes ${pauseLimits}`);
        if (operations.snapshot().isDraining) {
          throw new CommandError('the gateway drains: it takes no new clients');
        }
        return operations.pause.begin(timeoutMs, by);
      },
    },
    resume: {
      isChange: true,
      run: (_, by) => {
        if (operations.pause.end(`${by} asks for it`)) return {};
        throw new CommandError(
          'the gateway is not paused, or not any more: the log line "resumed" says since when',
        );
      },
    },
    reload: { isChange: true, run: () => operations.reload() },
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

/** More than one at a time only for those who have said that they mean it. */
async function kill(operations: Operations, { yes, ...choice }: CommandArgs): Promise<Killed> {
  if (Object.keys(choice).length === 0) {
    throw new MisusedCommand('say who: a client (host:port), --address, or --server');
  }
  const of = meant(choice, operations.snapshot());
  if (yes !== true && of.client === undefined) {
    const { count } = await operations.survey('list', of);
    if (count > 1) throw new CommandError(`${count} clients are meant: say --yes to end them all`);
  }
  const { count, silent } = await operations.survey('kill', of);
  if (count === 0 && silent.length === 0) {
    throw new CommandError('there is no such client: pg_gateway clients lists those that there are');
  }
  return { killed: count, silentWorkers: silent };
}

/** Throws MisusedCommand. */
function meant(args: CommandArgs, snapshot: Snapshot): Selection {
  const selection = selectionOf(args, snapshot);
  if ('problem' in selection) throw new MisusedCommand(selection.problem);
  return selection;
}
