/** An open session in clear text: between two messages of its server, its client can be told why it is ended. */
import { isReady } from '../../protocol/ready.ts';
import { Open } from './open.ts';

export class OpenInClear extends Open {
  #isReady = false;

  override serverData(bytes: Uint8Array): void {
    this.#isReady = isReady(bytes);
    super.serverData(bytes);
  }

  protected override get isBetweenMessages(): boolean {
    return this.#isReady;
  }
}
