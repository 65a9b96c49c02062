/** When a server became a primary, by its own log. Pure. */

/** Milliseconds since 1970 at which it was ready on this timeline; undefined if its log does not say so. */
export function promotedAtMs(log: string, timeline: number): number | undefined {
  const lines = log.split('\n');
  const chosen = lines.findLastIndex((line) => line.endsWith(`selected new timeline ID: ${timeline}`));
  if (chosen < 0) return undefined;
  const ready = lines.slice(chosen).find((line) =>
    line.includes('database system is ready to accept connections')
  );
  const [, day, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) UTC /.exec(ready ?? '') ?? [];
  return day === undefined ? undefined : Date.parse(`${day}T${time}Z`);
}
