/** Both sockets are being closed. */
import { SessionState } from './state.ts';

export class Closed extends SessionState {
  get name(): 'closed' {
    return 'closed';
  }

  override clientEnd(): void {}
}
