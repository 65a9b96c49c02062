/** Both sockets are being closed. */
import { SessionState } from './state.ts';

export class Closed extends SessionState {
  override clientEnd(): void {}
}
