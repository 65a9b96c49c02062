/** Everybody who is there, each with its place in one array: a Set would take a hundred bytes more for each. */
export interface Member {
  /** In the roster; -1: not there. The roster's. */
  place: number;
}

export class Roster<M extends Member> {
  readonly #members: M[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: M): void {
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Nothing happens to one that is not there. */
  remove(member: M): void {
    const { place } = member;
    if (place < 0) return;
    member.place = -1;
    const last = this.#members.pop()!;
    if (last === member) return;
    this.#members[place] = last;
    last.place = place;
  }

  /** Calls `fn` for each; it may remove the one that it is called for. */
  each(fn: (member: M) => void): void {
    // Backwards, because whoever takes the place of one that is removed was visited before it.
    for (let at = this.#members.length - 1; at >= 0; at--) fn(this.#members[at]!);
  }
}
