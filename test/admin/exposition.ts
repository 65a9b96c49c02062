/** A small reader of Prometheus' text format 0.0.4: as strict as the format, so that it finds what a scraper would. */
import assert from 'node:assert/strict';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: Sample[];
}

/** All families by name. Throws at a line that breaks a rule of the format. */
export function readExposition(text: string): Map<string, Family> {
  assert.ok(text.endsWith('\n'), 'the last line must end too');
  const families = new Map<string, Family>();
  let help: readonly [string, string] | undefined;
  let present: readonly [string, Family] | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (comment?.[1] === 'HELP') {
      help = [comment[2]!, comment[3]!];
    } else if (comment?.[1] === 'TYPE') {
      const [, , name, type] = comment as unknown as [string, string, string, string];
      assert.equal(help?.[0], name, `TYPE without HELP: ${line}`);
      assert.ok(!families.has(name), `${name} is there twice`);
      assert.match(type, /^(?:counter|gauge|histogram)$/);
      present = [name, { help: help![1], type, samples: [] }];
      families.set(...present);
      help = undefined;
    } else {
      assert.ok(present, `a sample before any family: ${line}`);
      present[1].samples.push(readSample(line, ...present));
    }
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function readSample(line: string, name: string, { type }: Family): Sample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.+)\})? (\S+)$/.exec(line);
  assert.ok(match, `this is no sample: ${line}`);
  const names = type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
  assert.ok(names.includes(match[1]!), `a sample of ${match[1]} stands under ${name}`);
  const value = match[3] === '+Inf' ? Infinity : Number(match[3]);
  assert.ok(!Number.isNaN(value), `this is no number: ${line}`);
  return { name: match[1]!, labels: readLabels(match[2] ?? ''), value };
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/y;
  while (label.lastIndex < text.length) {
    const match = label.exec(text);
    assert.ok(match, `these are no labels: ${text}`);
    assert.ok(!Object.hasOwn(labels, match[1]!), `a label twice: ${text}`);
    labels[match[1]!] = match[2]!.replace(/\\(.)/g, (_, letter: string) => letter === 'n' ? '\n' : letter);
  }
  return labels;
}

function checkFamily(name: string, { type, samples }: Family): void {
  const seen = samples.map(({ name, labels }) => JSON.stringify([name, Object.entries(labels).sort()]));
  assert.equal(new Set(seen).size, seen.length, `${name} has a sample twice`);
  if (type === 'counter') assert.ok(name.endsWith('_total'), `${name} is a counter and not called so`);
  if (type !== 'gauge') {
    for (const { value } of samples) {
      assert.ok(value >= 0, `${name} counts below zero`);
    }
  }
  if (type === 'histogram') checkHistogram(name, samples);
}

/** Buckets of each series rise in their bounds and in their counts, and the last is all. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  for (const { labels, value: count } of samples.filter((sample) => sample.name === `${name}_count`)) {
    const buckets = samples.filter((sample) =>
      sample.name === `${name}_bucket` && sample.labels['candidate'] === labels['candidate']
    ).map(({ labels, value }) => [Number(labels['le']?.replace('+Inf', 'Infinity')), value] as const);
    assert.deepEqual(buckets.at(-1), [Infinity, count], `${name} does not end with all`);
    buckets.reduce((before, bucket) => {
      assert.ok(bucket[0] > before[0] && bucket[1] >= before[1], `${name} falls at ${bucket[0]}`);
      return bucket;
    });
  }
}
