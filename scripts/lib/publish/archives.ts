/** The archives of a release: their names, where they can be fetched, and the sums in SHA256SUMS. Pure. */

import type { TargetName } from '../build/targets.ts';

/** It holds one folder, which is called like it, without the ending. */
export function archiveName(version: string, platform: TargetName): string {
  return `pg_gateway-${version}-${platform}.${platform.startsWith('windows') ? 'zip' : 'tar.gz'}`;
}

/** `repository` is the address of its page, without a slash at the end. */
export function archiveUrl(repository: string, version: string, platform: TargetName): string {
  return `${repository}/releases/download/v${version}/${archiveName(version, platform)}`;
}

/** Sums by name of file, of what sha256sum writes. Throws an error for people at a line that is none. */
export function readSums(text: string): Map<string, string> {
  return new Map(
    text.split(/\r?\n/).filter((line) => line !== '').map((line, at) => {
      const [, sum, name] = /^([0-9a-f]{64}) [ *](\S+)$/.exec(line) ?? [];
      if (sum === undefined || name === undefined) {
        throw new Error(`line ${at + 1} of SHA256SUMS is no sum and name: ${line}`);
      }
      return [name, sum];
    }),
  );
}
