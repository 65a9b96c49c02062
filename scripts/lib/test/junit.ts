/** Reads the JUnit XML of the three runners, which agree on little more than the names of the elements. */

export interface Outcome {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** What failed, or why it was skipped; Bun and Deno do not tell the reason of a skip. */
  readonly detail: string;
}

// Node leaves `>` as it is inside attributes, so a tag ends only outside of quotes.
const testcase = /<testcase((?:\s+[\w:-]+="[^"]*")*)\s*(?:\/>|>([^]*?)<\/testcase>)/g;
const verdict = /<(failure|error|skipped)((?:\s+[\w:-]+="[^"]*")*)\s*(?:\/>|>([^]*?)<\/\1>)/;

/** One outcome for each test; groups are not counted. */
export function readJUnit(xml: string): Outcome[] {
  const outcomes = [...xml.matchAll(testcase)].map(([, attributes = '', body = '']): Outcome => {
    const name = attribute(attributes, 'name');
    const [, kind, more = '', text = ''] = verdict.exec(body) ?? [];
    if (kind === undefined) return { name, state: 'passed', detail: '' };
    const message = attribute(more, 'message');
    if (kind === 'skipped') return { name, state: 'skipped', detail: message === 'true' ? '' : message };
    return { name, state: 'failed', detail: message || decode(text).trim() };
  });
  return xml.includes('<testsuites name="deno test"') ? withoutGroups(outcomes) : outcomes;
}

/**
 * Deno lists a `describe`, and a test with subtests, beside what it contains, as `group` and `group > test`. A group
 * counts only if it failed although nothing inside it did.
 */
function withoutGroups(outcomes: readonly Outcome[]): Outcome[] {
  return outcomes.filter((group) => {
    const inside = outcomes.filter(({ name }) => name.startsWith(`${group.name} > `));
    if (inside.length === 0) return true;
    return group.state === 'failed' && inside.every(({ state }) => state !== 'failed');
  });
}

function attribute(attributes: string, name: string): string {
  return decode(new RegExp(`\\s${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Twice for quotes: Node writes them as `&amp;quot;`. */
function decode(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    return String.fromCodePoint(decimal === undefined ? parseInt(hex, 16) : Number(decimal));
  }).replaceAll('&quot;', '"');
}
