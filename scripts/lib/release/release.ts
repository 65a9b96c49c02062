/** What is released: which version, of which commit, and what stands in the way. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The message is for a person. */
export class ReleaseError extends Error {}

export interface Release {
  /** The checkout. */
  readonly root: string;
  readonly version: string;
  readonly commit: string;
  /** Of the commit, in seconds: the time of everything that is made (reproducible-builds.org, SOURCE_DATE_EPOCH). */
  readonly epoch: number;
  /** The section of CHANGELOG.md, without its heading. */
  readonly notes: string;
  /** Where the sources are, without `/` at the end. */
  readonly repository: string;
}

/** Throws ReleaseError if this checkout is not `version`, whole. */
export function openRelease(root: string, version: string): Release {
  const read = (name: string): string => readFileSync(join(root, name), 'utf8');
  const changed = git(root, 'status', '--porcelain').split('\n').filter((line) => line !== '');
  if (changed.length > 0) {
    throw new ReleaseError(
      `the checkout is not clean; commit these or put them away:\n${changed.slice(0, 20).join('\n')}`,
    );
  }
  const { version: ours } = JSON.parse(read('package.json')) as { version: string };
  if (ours !== version) {
    throw new ReleaseError(`package.json is version ${ours}, not ${version}: "npm version" changes it`);
  }
  const notes = notesOf(read('CHANGELOG.md'), version);
  if (notes === undefined) {
    throw new ReleaseError(`CHANGELOG.md has no section "## ${version}": give "## Unreleased" this name`);
  }
  const { repository } = JSON.parse(read('deploy/names.json')) as { repository: string };
  return {
    root,
    version,
    notes,
    repository,
    commit: git(root, 'rev-parse', 'HEAD').trim(),
    epoch: Number(git(root, 'log', '-1', '--format=%ct')),
  };
}

/** What stands below `## VERSION`, which may have brackets around it and a date behind; undefined if it is not there. */
export function notesOf(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  const own = sections.find((text) => /^\[?([^\s\]]+)/.exec(text)?.[1] === version);
  return own?.replace(/^.*\n/, '').trim();
}

function git(root: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' });
  if (error !== undefined) throw new ReleaseError(`git does not run: ${error.message}`);
  if (status !== 0) throw new ReleaseError(`git ${args[0]} failed in ${root}: ${stderr.trim()}`);
  return stdout;
}
