/** Results of a suite, compared. Pure. */

/** What each test printed, by its name. */
export type Results = ReadonlyMap<string, string>;

export interface Comparison {
  readonly tests: number;
  /** How many printed, through the gateway, byte for byte what they print without it. */
  readonly same: number;
  /** Those that print what differs from run to run, without the gateway, too. */
  readonly unstable: readonly string[];
  /** Those that printed something else, or nothing, only through the gateway. */
  readonly different: readonly string[];
}

/** `direct`: several runs without the gateway. A test counts as the same where any of them printed the same. */
export function compare(direct: readonly Results[], through: Results): Comparison {
  const names = [...new Set([...direct, through].flatMap((results) => [...results.keys()]))].sort();
  const [same, unstable, different]: [string[], string[], string[]] = [[], [], []];
  for (const name of names) {
    const known = new Set(direct.map((results) => results.get(name)));
    if (known.has(through.get(name)) && through.has(name)) same.push(name);
    else if (known.size > 1 && through.has(name)) unstable.push(name);
    else different.push(name);
  }
  return { tests: names.length, same: same.length, unstable, different };
}
