/** Lists of processors as taskset writes them. Pure. */

/** `0-2,5-7` without 7; undefined where there is only one. */
export function withoutLast(cores: string): string | undefined {
  const all = cores.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
  return all.length < 2 ? undefined : all.slice(0, -1).join(',');
}
