/** What the table keeps of a session: a base of it, and no object of its own, because there are thousands that idle. */
import type { Address, NetError } from '../runtime/runtime.ts';
import type { ListMember } from './session-list.ts';

export class SessionRecord implements ListMember {
  listIndex = -1;
  /** Counts against MAX_SESSIONS. */
  admitted = false;
  /** The epoch under which the server was dialled; see `noEpoch`. */
  epoch = 0;
  serverAddress: Address | undefined;
  /** Why the last attempt to dial failed, while that is what the client waits for. */
  dialFailure: NetError | undefined;
  /** Until when it may be held, set when it is first held. */
  holdUntil: number | undefined;
  /** The slot of its server, as the route gave it; -1: it had none. */
  slot = -1;
  /** The counter of its server in which it is; -1: none. */
  counter = -1;
}
