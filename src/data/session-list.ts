/** All sessions of a data plane, each with its index in one array: a Set would take a hundred bytes more for each. */
export interface ListMember {
  /** Its index in the list, which the list sets; -1: it is not in it. */
  listIndex: number;
}

export class SessionList<M extends ListMember> {
  readonly #list: M[] = [];
  readonly #faulted: (member: M, error: unknown) => void;

  /** `faulted` hears of what is thrown for a member in `each`. */
  constructor(faulted: (member: M, error: unknown) => void) {
    this.#faulted = faulted;
  }

  get size(): number {
    return this.#list.length;
  }

  add(member: M): void {
    member.listIndex = this.#list.length;
    this.#list.push(member);
  }

  /** Does nothing for one that is not in the list. */
  remove(member: M): void {
    const { listIndex } = member;
    if (listIndex < 0) return;
    member.listIndex = -1;
    const last = this.#list.pop()!;
    if (last === member) return;
    this.#list[listIndex] = last;
    last.listIndex = listIndex;
  }

  /** Those that are in it now. */
  all(): readonly M[] {
    return [...this.#list];
  }

  /** Calls `fn` for each; it may remove the one that it is called for. What it throws for one keeps it from no other. */
  each(fn: (member: M) => void): void {
    // Backwards, because the member that moves to the index of a removed one was visited before it.
    for (let at = this.#list.length - 1; at >= 0; at--) {
      const member = this.#list[at]!;
      try {
        fn(member);
      } catch (error) {
        this.#faulted(member, error);
      }
    }
  }
}
