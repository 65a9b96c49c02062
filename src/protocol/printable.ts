/**
 * What others say, made fit for a line of ours. A server, a name server or a certificate decides on such a text, and it
 * goes into logs, pages and terminals: so it is cut where it enters the program, and nothing in it can steer a terminal,
 * begin a new line, or turn the direction of what follows.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** At most `most` UTF-16 units, those that tell of the cut among them. */
export function printable(text: string, most: number): string {
  // What is far beyond the cut is not even looked at: half a pair that this leaves is replaced below.
  const clean = text.slice(0, 2 * most + 1).replace(unprintable, ' ');
  if (clean.length <= most && text.length <= 2 * most + 1) return clean;
  const kept = clean.slice(0, Math.max(0, most - 3));
  return `${kept.replace(/[\uD800-\uDBFF]$/, '')}...`;
}

/** All of it, for a line of a report: notes of servers and names of others are in it, and may be long. */
export function oneLine(text: string): string {
  return text.replace(unprintable, ' ');
}

/** Whether the whole text can be shown as it is, within `most`. */
export function isPrintable(text: string, most: number): boolean {
  return text.length <= most && text.search(unprintable) < 0;
}
