/** What a running gateway can be told over the control socket: the commands by name. */
import type { Memory } from '../cluster/election.ts';
import { type Forgettable, forgettables } from '../cluster/forget.ts';
import { type LogLevel, logLevels } from '../log-events.ts';
import type { Reloaded } from '../config/change.ts';
import type { ClientRow, Selection } from '../contract/messages.ts';
import { type DrillKind, drillKinds, longestDrillMs } from '../control/drill.ts';
import { type EvidenceFile, writeEvidence } from '../control/evidence-file.ts';
import type { Pause } from '../control/pause.ts';
import type { Found } from '../control/survey.ts';
import type { Judgement } from '../data/judgement.ts';
import { printable } from '../protocol/printable.ts';
import { JsonText } from './http.ts';
import { selectionOf } from './selection.ts';
import type { Snapshot } from './snapshot.ts';
import { statusOf } from './status-of.ts';

/** What came with a command: each value is checked by the command that takes it. */
export type CommandArgs = Readonly<Record<string, unknown>>;

export interface Command {
  /** It is written to the log, with who asked. */
  readonly isChange: boolean;
  /** Returns what the answer's JSON holds; `by` is who asks, of a change. Throws CommandError or MisusedCommand. */
  run(args: CommandArgs, by: string): unknown;
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
  /** Lists, or ends, the clients that are meant. */
  survey(kind: 'list' | 'kill', of: Selection): Promise<Found>;
  /** What would become of a client of this address; undefined: it is none. */
  judge(address: string): Judgement | undefined;
  readonly pause: Pick<Pause, 'begin' | 'end'>;
  /** Reads everything again. Rejects with CommandError, and then nothing is changed. */
  reload(): Promise<Reloaded>;
  evidence(): EvidenceFile;
  hasDrills(): boolean;
  rehearse(kind: DrillKind, ms: number): void;
  memory(): Memory;
  forget(what: Forgettable): void;
  /** Gives all that listens to the process with the unix socket at `path`. Throws CommandError. */
  passSockets(path: string): Passed;
  /** Another gateway listens now. */
  takenOver(): void;
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

/** Of what makes no sense. */
const mostQuoted = 100;

/** Longer than that is an outage. */
const pauseMs = { least: 1_000, most: 3_600_000 } as const;

export const pauseLimits = 'from 1 s to 1 h';

export function isPauseMs(value: unknown): value is number {
  return typeof value === 'number' && value >= pauseMs.least && value <= pauseMs.most;
}

export function commandsOf(operations: Operations): Commands {
  return {
    ...Object.fromEntries(forgettables.map((what) => [`forget-${what}`, forgetting(what, operations)])),
    // As text: what is in it has no other form in JSON.
    evidence: { isChange: false, run: () => ({ file: writeEvidence(operations.evidence()) }) },
    status: { isChange: false, run: () => statusOf(operations.snapshot()) },
    clients: {
      isChange: false,
      run: async (args) => {
        const { rows, silent } = await operations.survey('list', meant(args, operations.snapshot()));
        return new JsonText(`{"silentWorkers":${JSON.stringify(silent)},"clients":[\n${rows}\n]}`);
      },
    },
    judge: {
      isChange: false,
      run: ({ address }) => {
        const judgement = typeof address === 'string' ? operations.judge(address) : undefined;
        if (judgement === undefined) {
          throw new MisusedCommand(
            `${quoted(address)} is no address of a client, as 192.0.2.7 or 2001:db8::7`,
          );
        }
        return judgement;
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
    drill: { isChange: true, run: (args) => rehearse(args, operations) },
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
          throw new MisusedCommand(
            `${quoted(level)} is no level of the log: it is one of ${logLevels.join(', ')}`,
          );
        }
        operations.setLogLevel(known);
        return { level: known };
      },
    },
  };
}

/** What was given instead of a word. A list or an object is not shown: it may be of any size, and have no text. */
function quoted(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'that' : `"${printable(String(value), mostQuoted)}"`;
}

/** What is forgotten is told before it is done. */
function forgetting(what: Forgettable, { memory, forget, snapshot }: Operations): Command {
  return {
    isChange: true,
    run: ({ yes }) => {
      const loss = lossOf(what, memory(), snapshot().rules.system);
      if (yes !== true) {
        throw new MisusedCommand(`nothing is forgotten yet: ${loss}. Say --yes if that is meant.`);
      }
      forget(what);
      return { forgotten: loss, reason: snapshot().route.reason };
    },
  };
}

/** Throws CommandError where it would change nothing. */
function lossOf(what: Forgettable, { timeline, system }: Memory, insisted: string | undefined): string {
  if (what === 'timeline') {
    return `the gateway forgets that timeline ${timeline} was primary, and what servers said that do not answer now; so a ` +
      'primary on an older timeline can be elected, and all sessions elsewhere are ended then';
  }
  if (insisted !== undefined) {
    throw new CommandError(`SYSTEM_IDENTIFIER=${insisted} insists on that system: change it, and reload`);
  }
  return `the gateway forgets system ${
    system ?? '(none yet)'
  }, its timelines and its primary; so the system of most ` +
    'candidates is served from now on, and all sessions elsewhere are ended when a primary of it is elected';
}

/** Throws CommandError where there is nothing to rehearse with. */
function rehearse({ kind, ms }: CommandArgs, operations: Operations): object {
  const known = drillKinds.find((name) => name === kind);
  if (known === undefined) {
    throw new MisusedCommand(`${quoted(kind)} is no drill: it is one of ${drillKinds.join(', ')}`);
  }
  if ((known === 'fence') !== (ms === undefined)) {
    throw new MisusedCommand('no-primary needs a time, as in drill no-primary 5s, and fence has none');
  }
  const isTime = known === 'fence' || (typeof ms === 'number' && ms > 0 && ms <= longestDrillMs);
  if (!isTime) throw new MisusedCommand(`a drill takes up to ${longestDrillMs / 1000} s`);
  if (!operations.hasDrills()) throw new CommandError('drills are off: set DRILLS=on, and reload');
  const { drill, route } = operations.snapshot();
  if (drill !== undefined) throw new CommandError('a drill goes on already: wait until it is over');
  if (route.primary === undefined) {
    throw new CommandError(`there is no route to rehearse with: ${route.reason}`);
  }
  operations.rehearse(known, Number(ms ?? 0));
  return {};
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
