/** Names that are spelt alike. */
import { type SettingName, settingNames } from './settings.ts';

/** The setting that may have been meant, for an error message; undefined: no name is similar. */
export function nearestSetting(name: string): SettingName | undefined {
  const [nearest] = settingNames.map((known) => [known, distance(known, name.toUpperCase())] as const)
    .filter(([, far]) => far <= 2).sort((a, b) => a[1] - b[1]);
  return nearest?.[0];
}

/** Levenshtein's, for names. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(row[j - 1]! + same, row[j]! + 1, next[j - 1]! + 1);
    }
    row = next;
  }
  return row[b.length]!;
}
