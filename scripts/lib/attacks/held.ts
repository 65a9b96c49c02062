/** Connections that an attack keeps open, the oldest of which give way. Pure but for the sockets that it is given. */
import type { Sockets } from './attack.ts';

export class Held {
  readonly #sockets: Pick<Sockets, 'close'>;
  readonly #most: number;
  readonly #fds: number[] = [];
  #at = 0;

  /** Keeps no more than `most`. */
  constructor(sockets: Pick<Sockets, 'close'>, most: number) {
    this.#sockets = sockets;
    this.#most = most;
  }

  /** Keeps it in the place of the oldest, once there are as many as there may be. */
  add(fd: number): void {
    if (this.#fds.length < this.#most) return void this.#fds.push(fd);
    this.#sockets.close(this.#fds[this.#at]!);
    this.#fds[this.#at] = fd;
    this.#at = (this.#at + 1) % this.#most;
  }
}
