/** The time of what is made: SOURCE_DATE_EPOCH (reproducible-builds.org), or that of the last commit. */
import { execFileSync } from 'node:child_process';

/** Seconds since 1970. Throws an Error for people. */
export function commitTime(root: string): number {
  const text = process.env['SOURCE_DATE_EPOCH'] ??
    execFileSync('git', ['-C', root, 'log', '-1', '--format=%ct'], { encoding: 'utf8' }).trim();
  if (/^[0-9]{1,12}$/.test(text)) return Number(text);
  throw new Error(`SOURCE_DATE_EPOCH=${text} is not a number of seconds since 1970`);
}
