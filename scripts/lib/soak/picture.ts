/**
 * A run as one drawing, for a page of the documents: memory, descriptors, clients, errors and the machine over time, with each
 * failover as an upright line. Light or dark as whoever looks at it has set it. Pure.
 */
import type { ServerKindName } from '../failover/kinds.ts';
import type { Facts, Sample } from './facts.ts';
import { afterWarmUp, clock, growthOf, isExpected, mib } from './verdict.ts';

const [width, left, right, top] = [960, 70, 20, 126];
const [plotHeight, gap] = [86, 44];
const plotWidth = width - left - right;

/** More points than pixels only blur. */
const mostPoints = 480;

interface Panel {
  readonly title: string;
  /** What it was in short, at the right. */
  readonly note: string;
  readonly lines: readonly Line[];
  readonly text: (value: number) => string;
}

interface Line {
  readonly name: string;
  readonly kind: 'ours' | 'peer' | 'bad';
  readonly points: readonly (readonly [second: number, value: number])[];
  /** Upright strokes instead of a line: for what comes in bursts. */
  readonly strokes?: boolean;
}

export function pictureOf(facts: Facts): string {
  const { samples, failovers, seconds, troubles } = facts;
  const panels = panelsOf(facts);
  const height = top + panels.length * (plotHeight + gap) + 14;
  const x = (second: number) => left + Math.min(1, second / Math.max(1, seconds)) * plotWidth;
  const bottom = height - gap - 8;
  // They shall not hide what they explain.
  const dense = failovers.length > 30 ? ' opacity="0.2"' : '';
  const unexpected = troubles.filter((trouble) => !isExpected(trouble, failovers)).length;
  const title = `${clock(seconds)} of mixed load, ${failovers.length} failovers`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t d">`,
    `<title id="t">${title}</title>`,
    `<desc id="d">${panels.map(({ title, note }) => `${title}: ${note}`).join('. ')}</desc>`,
    `<style>${style}</style>`,
    `<rect class="back" width="${width}" height="${height}" rx="10"/>`,
    `<text class="h" x="24" y="36">${title}</text>`,
    `<text class="soft" x="24" y="58">${
      samples.at(-1)?.clients ?? 0
    } clients of the gateway, dist/pg_gateway ${facts.version}; ${facts.acknowledged} acknowledged writes, ${facts.lost.length} lost; ${unexpected} unexpected errors</text>`,
    key(),
    ...failovers.map(({ second, kind }) =>
      `<line class="${kind}"${dense} x1="${n(x(second))}" x2="${n(x(second))}" y1="${top}" y2="${bottom}"/>`
    ),
    ...panels.flatMap((panel, index) => draw(panel, top + index * (plotHeight + gap), x)),
    ...ticksOf(seconds).map((second) => {
      const anchor = x(second) > width - right - 20 ? 'end' : 'middle';
      return `<text class="axis" text-anchor="${anchor}" x="${n(x(second))}" y="${bottom + 20}">${
        clock(second)
      }</text>`;
    }),
    '</svg>',
    '',
  ].join('\n');
}

const kindLabels: Readonly<Record<ServerKindName, string>> = {
  kill: 'killed',
  stop: 'stopped',
  freeze: 'frozen',
  alive: 'alive and unaware',
};

/** What became of the old primary. */
function key(): string {
  let at = 270;
  const marks = (Object.keys(kindLabels) as ServerKindName[]).map((kind) => {
    const mark = `<line class="${kind} key" x1="${at}" x2="${at}" y1="73" y2="86"/>` +
      `<text class="soft" x="${at + 7}" y="84">${kindLabels[kind]}</text>`;
    at += 38 + kindLabels[kind].length * 7;
    return mark;
  });
  return `<text class="soft" x="24" y="84">A failover, with the old primary</text>${marks.join('')}`;
}

function panelsOf(facts: Facts): Panel[] {
  const { samples, before, after, failovers, troubles, seconds } = facts;
  const of = (pick: (sample: Sample) => number) =>
    samples.map((sample) => [sample.second, pick(sample)] as const);
  const greatest = (pick: (sample: Sample) => number) => Math.max(0, ...samples.map(pick));
  const lost = perSecond(troubles.filter((trouble) => isExpected(trouble, failovers)), seconds);
  const others = perSecond(troubles.filter((trouble) => !isExpected(trouble, failovers)), seconds);
  const whole = (value: number) => String(Math.round(value));
  const settled = afterWarmUp(samples);
  return [
    {
      title: 'Resident memory, MiB',
      note: `${mib(growthOf(samples) * 3600)} MiB an hour after ${clock(settled[0]?.second ?? 0)}; at rest ${
        mib(before.residentBytes)
      } before, ${after === undefined ? 'unknown' : mib(after.residentBytes)} after`,
      lines: [{ name: 'memory', kind: 'ours', points: of(({ residentBytes }) => residentBytes / 2 ** 20) }],
      text: whole,
    },
    {
      title: 'Descriptors',
      note: `at rest ${before.descriptors} before, ${after?.descriptors ?? 'unknown'} after`,
      lines: [{ name: 'descriptors', kind: 'ours', points: of(({ descriptors }) => descriptors) }],
      text: whole,
    },
    {
      title: 'Clients',
      note: `at most ${greatest(({ clients }) => clients)}; in red those that wait for a server`,
      lines: [
        { name: 'clients', kind: 'ours', points: of(({ clients }) => clients) },
        { name: 'waiting', kind: 'bad', points: of(({ held }) => held) },
      ],
      text: whole,
    },
    {
      title: 'Errors of clients, in each second',
      note: `${troubles.length} pieces of work lost with their connection at a failover; in red all others`,
      lines: [
        { name: 'lost', kind: 'ours', points: lost, strokes: true },
        { name: 'others', kind: 'bad', points: others, strokes: true },
      ],
      text: whole,
    },
    {
      title: 'Processors, by the gateway',
      note: `on average ${(average(samples, ({ processors }) => processors) * 100).toFixed(1)} % of one`,
      lines: [{ name: 'processors', kind: 'ours', points: of(({ processors }) => processors) }],
      text: (value) => value.toFixed(2),
    },
    {
      title: 'Load average of the machine',
      note: `${facts.machine.cores} processors, which others used, too`,
      lines: [{ name: 'load', kind: 'peer', points: of(({ load }) => load) }],
      text: whole,
    },
  ];
}

function draw(panel: Panel, y: number, x: (second: number) => number): string[] {
  const values = panel.lines.flatMap(({ points }) => points.map(([, value]) => value));
  const most = niceAbove(Math.max(0, ...values) || 1);
  const at = (value: number) => y + plotHeight - value / most * plotHeight;
  return [
    `<text class="title" x="${left}" y="${y - 10}">${escape(panel.title)}</text>`,
    `<text class="soft" text-anchor="end" x="${width - right}" y="${y - 10}">${escape(panel.note)}</text>`,
    ...[0, most / 2, most].map((value) =>
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${n(at(value))}" y2="${n(at(value))}"/>` +
      `<text class="axis" text-anchor="end" x="${left - 8}" y="${n(at(value) + 4)}">${
        panel.text(value)
      }</text>`
    ),
    ...panel.lines.map((line) =>
      line.strokes
        ? `<path class="${line.kind} stroke" d="${
          line.points.map(([second, value]) => `M${n(x(second))} ${n(at(0))}V${n(at(value))}`).join('')
        }"/>`
        : `<path class="${line.kind} line" d="${
          thinned(line.points).map(([second, value], index) =>
            `${index === 0 ? 'M' : 'L'}${n(x(second))} ${n(at(value))}`
          ).join('')
        }"/>`
    ),
  ];
}

/** Of each group of neighbours the least and the greatest, so that no peak is lost. */
export function thinned(
  points: readonly (readonly [number, number])[],
): readonly (readonly [number, number])[] {
  if (points.length <= mostPoints * 2) return points;
  const size = Math.ceil(points.length / mostPoints);
  const groups = Array.from(
    { length: Math.ceil(points.length / size) },
    (_, index) => points.slice(index * size, (index + 1) * size),
  );
  return groups.flatMap((group) => {
    const sorted = group.toSorted((a, b) => a[1] - b[1]);
    const ends = [sorted[0]!, sorted.at(-1)!];
    return ends[0] === ends[1] ? [ends[0]!] : ends.toSorted((a, b) => a[0] - b[0]);
  });
}

function perSecond(troubles: Facts['troubles'], seconds: number): (readonly [number, number])[] {
  const counts = new Map<number, number>();
  for (const { second } of troubles) {
    if (second <= seconds) counts.set(Math.floor(second), (counts.get(Math.floor(second)) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

function average(samples: readonly Sample[], pick: (sample: Sample) => number): number {
  return samples.length === 0 ? 0 : samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
}

/** The next of 1, 2, 3, 4, 6, 8 times a power of ten: halves of them are short, too. */
export function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 4, 6, 8].find((step) => step * power >= value) ?? 10) * power;
}

/** Six to twelve marks, at round times. */
export function ticksOf(seconds: number): number[] {
  const steps = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];
  const step = steps.find((step) => seconds / step <= 12) ?? 14_400;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function n(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}

/** The colours of scripts/lib/bench/page-style.ts. */
const style = `
svg { --back: #fbfbfa; --ink: #1c2024; --soft: #60646c; --line: #e4e4e2; --ours: #2563c9; --peer: #a9783b; --bad: #c13a32;
  --kill: #c13a32; --stop: #1a7f4b; --freeze: #2d8fb5; --alive: #a9783b; font-family: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --back: #111317; --ink: #eceef1; --soft: #a0a6b0; --line: #2d3138; --ours: #6ea2ff;
  --peer: #d9a766; --bad: #ff8078; --kill: #ff8078; --stop: #4cc38a; --freeze: #6fd0f0; --alive: #d9a766; } }
.back { fill: var(--back); }
.h { fill: var(--ink); font-size: 22px; font-weight: 600; } .title { fill: var(--ink); font-size: 13.5px; font-weight: 600; }
.soft { fill: var(--soft); font-size: 13px; } .axis { fill: var(--soft); font-size: 12px; }
.grid { stroke: var(--line); stroke-width: 1; } path { fill: none; stroke-linejoin: round; } .line { stroke-width: 1.5; } .stroke { stroke-width: 2; }
.ours { stroke: var(--ours); } .peer { stroke: var(--peer); } .bad { stroke: var(--bad); }
line { stroke-width: 1.5; } .kill, .stop, .freeze, .alive { stroke-opacity: 0.5; } .key { stroke-width: 3; stroke-opacity: 1; } .kill { stroke: var(--kill); } .stop { stroke: var(--stop); }
.freeze { stroke: var(--freeze); } .alive { stroke: var(--alive); }
`;
