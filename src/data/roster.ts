/** The clients of a data plane, for people who ask who is connected. */
import type { ClientRow, Command, Report, Selection } from '../contract/messages.ts';
import { addressText, hostOf } from '../runtime/addresses.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { SessionList } from './session-list.ts';
import type { Session } from './session/session.ts';

/** So many in one turn of the loop, which takes less than a millisecond: ten thousand must not hold up the others. */
const sliceLength = 200;

export class Roster {
  readonly #runtime: Runtime;
  readonly #sessions: SessionList<Session>;
  readonly #report: (report: Report) => void;
  readonly #end: (session: Session) => void;

  /** `end` ends a session that is to be killed. */
  constructor(
    runtime: Runtime,
    sessions: SessionList<Session>,
    report: (report: Report) => void,
    end: (session: Session) => void,
  ) {
    this.#runtime = runtime;
    this.#sessions = sessions;
    this.#report = report;
    this.#end = end;
  }

  list({ id, of }: Extract<Command, { kind: 'list' }>): void {
    this.#go(id, of, this.#sessions.all(), (session) => JSON.stringify(this.#rowOf(session)));
  }

  kill({ id, of }: Extract<Command, { kind: 'kill' }>): void {
    this.#go(id, of, this.#sessions.all(), (session) => {
      this.#end(session);
      return '';
    });
  }

  /** Takes the next slice of `left`, and the others in later turns; those that have ended by then are left out. */
  #go(id: number, of: Selection, left: readonly Session[], take: (session: Session) => string): void {
    const slice = left.slice(0, sliceLength).filter((session) => session.listIndex >= 0 && fits(session, of));
    const rest = left.slice(sliceLength);
    const isLast = rest.length === 0;
    const rows = slice.map(take).filter((row) => row !== '').join(',');
    this.#report({ kind: 'selected', id, count: slice.length, rows, isLast });
    if (!isLast) this.#runtime.after(0, () => this.#go(id, of, rest, take));
  }

  #rowOf({ remote, port, state, serverAddress, counter }: Session): ClientRow {
    const now = this.#runtime.now();
    const { user, database, application } = state.login ?? {};
    const idleMs = state.activeAt === undefined ? null : Math.max(0, Math.round(now - state.activeAt));
    return {
      client: remote || null,
      port,
      state: state.name,
      ageMs: Math.round(now - state.since),
      idleMs,
      server: serverAddress === undefined || counter < 0 ? null : addressText(serverAddress),
      local: state.local || null,
      upBytes: state.upBytes,
      downBytes: state.downBytes,
      keptBytes: state.bufferedBytes,
      user: user ?? null,
      database: database ?? null,
      application: application ?? null,
    };
  }
}

function fits(session: Session, { client, address, server }: Selection): boolean {
  const { serverAddress } = session;
  if (server !== undefined && (serverAddress === undefined || addressText(serverAddress) !== server)) {
    return false;
  }
  if (client === undefined && address === undefined) return true;
  const { remote } = session;
  return (client === undefined || remote === client) && (address === undefined || hostOf(remote) === address);
}
