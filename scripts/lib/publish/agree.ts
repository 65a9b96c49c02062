/** Whether a tag, package.json and CHANGELOG.md are about the same release. Pure. */

/** What is wrong, for a person; undefined if they agree. `tag` is without `refs/tags/`. */
export function disagreement(tag: string, version: string, changelog: string): string | undefined {
  if (tag !== `v${version}`) {
    return `the tag is ${tag}, and package.json says ${version}: the tag has to be v${version}`;
  }
  const headings = [...changelog.matchAll(/^## \[?([^\]\s]+)\]?/gm)].map(([, name]) => name);
  const newest = headings.find((name) => name !== 'Unreleased');
  if (newest === version) return undefined;
  return `the newest release in CHANGELOG.md is ${
    newest ?? 'none'
  }: it needs a section "## ${version}" above the others`;
}
