/** The last fifteen minutes, drawn by uPlot. Times without a primary are shaded in all of them. */
import uPlot from 'uplot';
import type { HistoryStatus } from '../history.ts';
import { byId, element, setChildren, setText } from './dom.ts';
import { greatest, latest, type Series, seriesOf, type Values } from './series.ts';
import { bytes, clock, grouped, rate } from './words.ts';

const spanSeconds = 15 * 60;

/** More candidates than this have one colour: nobody tells fifty apart. */
const mostColours = 6;

/** Of what there is one of, the primary among it. */
const ownColour = '--line-1';
const manyColour = '--line-many';

interface Line {
  readonly name: string;
  readonly values: Values;
  /** A custom property of page.css. */
  readonly colour: string;
}

interface Kind {
  readonly title: string;
  lines(series: Series, primary: string | undefined): readonly Line[];
  text(value: number): string;
  /** Above this the scale follows the values. */
  readonly least: number;
}

const kinds: readonly Kind[] = [
  {
    title: 'Sessions',
    lines: ({ sessions }) => [{ name: '', values: sessions, colour: ownColour }],
    text: grouped,
    least: 10,
  },
  {
    title: 'Waiting clients',
    lines: ({ held }) => [{ name: '', values: held, colour: '--line-3' }],
    text: grouped,
    least: 10,
  },
  {
    title: 'Connects a second',
    lines: ({ connectsPerSecond }) => [{ name: '', values: connectsPerSecond, colour: ownColour }],
    text: rate,
    least: 1,
  },
  {
    title: 'Bytes a second',
    lines: ({ upstreamPerSecond, downstreamPerSecond }) => [
      { name: 'from servers', values: downstreamPerSecond, colour: ownColour },
      { name: 'from clients', values: upstreamPerSecond, colour: '--line-2' },
    ],
    text: bytes,
    least: 1000,
  },
  {
    title: 'Probe latency',
    lines: ({ probes }, primary) => {
      const isMany = probes.length > mostColours;
      return probes.map(({ candidate, ms }, index) => ({
        name: candidate,
        values: ms,
        colour: candidate === primary ? ownColour : isMany ? manyColour : `--line-${index + 2}`,
      })) // Drawn last, the primary lies on top.
        .sort((a, b) => Number(a.colour === ownColour) - Number(b.colour === ownColour));
    },
    text: (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`,
    least: 5,
  },
];

interface Plot {
  readonly kind: Kind;
  readonly figure: HTMLElement;
  readonly readout: HTMLElement;
  readonly key: HTMLElement;
  readonly place: HTMLElement;
  lines: readonly Line[];
  names: string;
  plot: uPlot | undefined;
}

let plots: readonly Plot[] = [];
let bands: readonly (readonly [from: number, to: number])[] = [];
/** Under the reader's pointer; null: it is elsewhere. */
let pointed: number | null = null;
let end = 0;

export function showCharts(history: HistoryStatus, primary: string | undefined): void {
  const series = seriesOf(history);
  end = Date.parse(history.time) / 1000;
  bands = history.interruptions.map(({ began, ended }) => [
    Date.parse(began) / 1000,
    ended === null ? end : Date.parse(ended) / 1000,
  ]);
  if (plots.length === 0) begin();
  for (const plot of plots) {
    plot.lines = plot.kind.lines(series, primary);
    const data = [series.times, ...plot.lines.map(({ values }) => values)] as uPlot.AlignedData;
    const names = JSON.stringify(plot.lines.map(({ name, colour }) => [name, colour]));
    if (plot.plot === undefined || plot.names !== names) draw(plot, data);
    else plot.plot.setData(data, false);
    plot.names = names;
    plot.plot?.setScale('x', { min: end - spanSeconds, max: end });
    readOut(plot);
  }
}

function begin(): void {
  plots = kinds.map((kind): Plot => {
    const readout = element('span', 'readout');
    const key = element('p', 'key');
    const place = element('div', 'plot');
    place.setAttribute('role', 'img');
    const figure = element(
      'figure',
      '',
      element('figcaption', '', element('h3', '', kind.title), readout),
      place,
      key,
    );
    return { kind, figure, readout, key, place, lines: [], names: '', plot: undefined };
  });
  byId('plots').replaceChildren(...plots.map(({ figure }) => figure));
  const resized = new ResizeObserver(() => {
    for (const { plot, place } of plots) plot?.setSize(sizeOf(place));
  });
  for (const { place } of plots) resized.observe(place);
  // Colours are read when a plot is made.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const plot of plots) if (plot.plot) draw(plot, plot.plot.data);
  });
}

function sizeOf(place: HTMLElement): { width: number; height: number } {
  return { width: place.clientWidth, height: place.clientHeight };
}

function draw(plot: Plot, data: uPlot.AlignedData): void {
  const { kind, lines, place } = plot;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const font = `${0.75 * parseFloat(style.fontSize)}px ${style.fontFamily}`;
  const em = parseFloat(style.fontSize);
  const axis: uPlot.Axis = {
    font,
    stroke: colour('--muted'),
    grid: { stroke: colour('--grid'), width: 1 },
    ticks: { show: false },
  };
  plot.plot?.destroy();
  plot.plot = new uPlot(
    {
      ...sizeOf(place),
      padding: [em * 0.5, em * 0.5, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: 'page' }, drag: { x: false, y: false }, points: { show: false }, y: false },
      scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(kind.least, most * 1.1)] } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: em * 1.5,
          space: em * 5,
          values: (_, times) => times.map(minuteOf),
        },
        {
          ...axis,
          size: em * 4,
          gap: em * 0.4,
          space: em * 1.3,
          values: (_, values) => values.map(kind.text),
        },
      ],
      series: [
        {},
        ...lines.map(({ colour: name }): uPlot.Series => ({
          stroke: colour(name),
          width: 1.5,
          points: { show: false },
          ...(lines.length === 1 ? { fill: `color-mix(in srgb, ${colour(name)} 14%, transparent)` } : {}),
        })),
      ],
      hooks: {
        drawClear: [(drawn) => shade(drawn, colour('--band'))],
        setCursor: [({ cursor: { idx } }) => {
          pointed = idx ?? null;
          for (const other of plots) readOut(other);
        }],
      },
    },
    data,
    place,
  );
}

/** Times without a primary, two pixels wide at the least. */
function shade(drawn: uPlot, colour: string): void {
  const { ctx, bbox: { left, top, width, height } } = drawn;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.fillStyle = colour;
  for (const [from, to] of bands) {
    const x = drawn.valToPos(from, 'x', true);
    ctx.fillRect(x, top, Math.max(2 * devicePixelRatio, drawn.valToPos(to, 'x', true) - x), height);
  }
  ctx.restore();
}

function minuteOf(seconds: number): string {
  return clock(new Date(seconds * 1000), new Date(seconds * 1000)).slice(0, 5);
}

/** The latest values, or those under the pointer with their time. */
function readOut(plot: Plot): void {
  const { kind, lines, readout, place } = plot;
  const at = pointed;
  const valueOf = ({ values }: Line): number | null => at === null ? latest(values) : values[at] ?? null;
  const textOf = (value: number | null): string => value === null ? '–' : kind.text(value);
  const time = at === null ? undefined : plot.plot?.data[0][at];
  const moment = time === undefined ? '' : clock(new Date(time * 1000), new Date(time * 1000));
  const [only] = lines.length === 1 ? lines : [];
  setText(readout, only ? `${moment}  ${textOf(valueOf(only))}`.trim() : moment);
  if (!only) showKey(plot, lines, (line) => textOf(valueOf(line)), valueOf);
  const now = lines.map(({ name, values }) => `${name} ${textOf(latest(values))}`.trim()).slice(-mostColours);
  const most = kind.text(greatest(lines.flatMap(({ values }) => values)));
  place.setAttribute(
    'aria-label',
    `${kind.title}: ${now.join(', ')}; at most ${most} in the last 15 minutes`,
  );
}

/** What each line is, and its value; of many alike how many there are, and their greatest. */
function showKey(
  { key, kind }: Plot,
  lines: readonly Line[],
  textOf: (line: Line) => string,
  valueOf: (line: Line) => number | null,
): void {
  const many = lines.filter(({ colour }) => colour === manyColour);
  const told = lines.filter(({ colour }) => colour !== manyColour).toReversed()
    .map((line) => [line.colour, line.name, textOf(line)] as const);
  const most = kind.text(greatest(many.map(valueOf)));
  const all = many.length === 0
    ? told
    : [...told, [manyColour, `${many.length} others, at most`, most] as const];
  setChildren(
    key,
    all.map(([colour, name, text], index) => {
      const item = key.children[index] ?? keyItem();
      const [mark, label, value] = item.children;
      (mark as HTMLElement).style.background = `var(${colour})`;
      setText(label!, name);
      setText(value!, text);
      return item;
    }),
  );
}

function keyItem(): HTMLElement {
  return element('span', '', element('span', 'mark'), element('span', ''), element('span', 'value'));
}
