/** In which order things happen, the same for the same seed. Pure. */

/** Every round has each of `items` once. */
export function scheduleOf<T>(items: readonly T[], rounds: number, seed: number): T[] {
  const random = seeded(seed);
  return Array.from({ length: rounds }, () => shuffled(items, random)).flat();
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items.map((item) => ({ item, key: random() })).sort((a, b) => a.key - b.key).map(({ item }) => item);
}

/** Numbers from 0 to 1, by the generator of Park and Miller; its state is never 0. */
export function seeded(seed: number): () => number {
  let state = seed % 2_147_483_646 + 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
