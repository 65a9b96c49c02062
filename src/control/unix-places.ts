/**
 * Unix sockets of the clients, at the paths that libpq expects. One is bound under a name of this process and then moved to its
 * place: so the gateway that takes over has it without a gap, and the one before, which removes the name that it has bound when it
 * closes, leaves it alone.
 */
import { chmodSync, lstatSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import type { Bound } from '../contract/messages.ts';
import { codeOf, StartError } from '../errors.ts';

/** As PostgreSQL has it by default (unix_socket_permissions): whoever reaches the folder may connect, as by TCP. */
const mode = 0o777;

export class UnixPlaces {
  readonly #paths: readonly string[];
  /** By path: the inode that is ours. */
  readonly #own = new Map<string, number>();

  constructor(listens: readonly Bound[]) {
    this.#paths = listens.flatMap(({ address }) => 'path' in address ? [address.path] : []);
  }

  /** What data plane number `index` is to bind: unix sockets cannot be shared as ports can, so the first one has them all. */
  listensOf(index: number, listens: readonly Bound[]): readonly Bound[] {
    // What this process, or one of its number, has left is no hindrance.
    if (index === 0) { for (const path of this.#paths) rmSync(boundName(path), { force: true }); }
    return listens.flatMap((one): readonly Bound[] => {
      if (!('path' in one.address)) return [one];
      return index === 0 ? [{ ...one, address: { path: boundName(one.address.path) } }] : [];
    });
  }

  /** Once they are bound. Returns what is in the way. */
  publish(): StartError | undefined {
    for (const path of this.#paths) {
      const bound = boundName(path);
      try {
        chmodSync(bound, mode);
        if (!isReplaceable(path)) {
          rmSync(bound);
          return new StartError(`cannot listen on ${path}: there is a file that is no socket. Remove it.`);
        }
        renameSync(bound, path);
        this.#own.set(path, lstatSync(path).ino);
      } catch (error) {
        return new StartError(
          `cannot listen on ${path}: ${codeOf(error)}. See to its folder, or LISTEN_HOST.`,
        );
      }
    }
    return undefined;
  }

  /** Another gateway may have taken the place. */
  remove(): void {
    for (const [path, inode] of this.#own) {
      try {
        if (lstatSync(path).ino === inode) unlinkSync(path);
      } catch {
        // It is gone.
      }
    }
    this.#own.clear();
  }
}

function boundName(path: string): string {
  return `${path}.${process.pid}`;
}

function isReplaceable(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch {
    return true;
  }
}
