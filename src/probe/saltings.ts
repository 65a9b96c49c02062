/**
 * What is costly in SCRAM: SaltedPassword (RFC 5802), which a server wants made in as many rounds as it says. It is made beside
 * the main thread, one at a time, the cheapest first: servers that ask for the most again and again keep nobody else from
 * logging in, and take one processor at the most. What a server has shown to be right is kept.
 */
import { pbkdf2 } from 'node:crypto';
import type { ScramChallenge } from '../protocol/scram-challenge.ts';

export type Salt = Pick<ScramChallenge, 'salt' | 'rounds'>;

/** What is asked of it. */
export interface Salting {
  /** Prepared (RFC 4013). */
  readonly password: string;
  readonly salt: Salt;
  /** Whether somebody still waits for it: a server is not waited for any longer than its deadline. */
  isWanted(): boolean;
  done(salted: Buffer): void;
}

/** One for each role and cluster would do: servers of one cluster have the same salt. */
const mostKept = 100;

export class Saltings {
  readonly #waiting: Salting[] = [];
  readonly #kept = new Map<string, Buffer>();
  #isBusy = false;

  /** `done` may be called before this returns. */
  add(salting: Salting): void {
    const kept = this.#kept.get(keyOf(salting.password, salting.salt));
    if (kept !== undefined) return salting.done(kept);
    this.#waiting.push(salting);
    this.#next();
  }

  /** A server has proved that it knows the password by this. */
  keep(password: string, salt: Salt, salted: Buffer): void {
    const key = keyOf(password, salt);
    this.#kept.delete(key);
    this.#kept.set(key, salted);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostKept) this.#kept.delete(oldest!);
  }

  #next(): void {
    if (this.#isBusy) return;
    const next = this.#cheapest();
    if (next === undefined) return;
    this.#isBusy = true;
    const { password, salt: { salt, rounds }, done } = next;
    pbkdf2(password, salt, rounds, 32, 'sha256', (error, salted) => {
      this.#isBusy = false;
      try {
        if (error) throw error;
        if (next.isWanted()) done(salted);
      } finally {
        this.#next();
      }
    });
  }

  #cheapest(): Salting | undefined {
    const wanted = this.#waiting.splice(0).filter((salting) => salting.isWanted());
    const [first] = wanted.toSorted((a, b) => a.salt.rounds - b.salt.rounds);
    this.#waiting.push(...wanted.filter((salting) => salting !== first));
    return first;
  }
}

function keyOf(password: string, { salt, rounds }: Salt): string {
  return `${rounds} ${salt.toString('base64')} ${password}`;
}
