/** Both sockets are on their way out. */
import { SessionState } from './state.ts';

export class Closed extends SessionState {
  override clientEnd(): void {}
}
