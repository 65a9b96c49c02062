/** Charts as SVG text, without a library. Colours are classes of page-style.ts. Pure. */

export interface Bar {
  readonly label: string;
  readonly kind: 'direct' | 'ours' | 'peer';
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Escapes for text and for attributes in double quotes. */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(
    '"',
    '&quot;',
  );
}

const width = 560;
const rowHeight = 24;
const labelWidth = 112;
const valueWidth = 84;
const plotWidth = width - labelWidth - valueWidth;
/** Ratios are written with their range. */
const rangeWidth = 165;

/** Bars from zero to the median, with a whisker from the least to the greatest. */
export function barChart(title: string, bars: readonly Bar[], text: (value: number) => string): string {
  const top = Math.max(...bars.map(({ max }) => max), Number.MIN_VALUE);
  // A figure may be below zero where little is measured by subtraction.
  const x = (value: number) => labelWidth + Math.max(0, value) / top * plotWidth;
  const rows = bars.map((bar, at) => {
    const y = at * rowHeight;
    return `<g class="${bar.kind}">${label(bar.label, y)}` +
      `<rect x="${labelWidth}" y="${y + 6}" width="${px(x(bar.median) - labelWidth)}" height="12" rx="2"/>` +
      whisker(x(bar.min), x(bar.max), y) + value(text(bar.median), y) + `${hint(bar, text)}</g>`;
  });
  return svg(title, bars.length * rowHeight, rows.join(''));
}

export interface Dot extends Bar {
  /** What must be reached, if anything must. */
  readonly bound?: number | undefined;
  /** Of the goal, where there is one. */
  readonly state?: 'met' | 'missed' | 'open' | undefined;
}

/** Ratios on a logarithmic axis, so that half and double lie equally far from 1: range, median, and the bound. */
export function ratioChart(title: string, dots: readonly Dot[], text: (value: number) => string): string {
  const marks = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 10, 20];
  const all = dots.flatMap(({ min, max, bound }) => [min, max, bound ?? 1]).filter((value) => value > 0);
  const least = marks.findLast((mark) => mark <= Math.min(0.5, ...all)) ?? 0.05;
  const most = marks.find((mark) => mark >= Math.max(2, ...all)) ?? 20;
  const x = (ratio: number) => {
    const within = Math.min(most, Math.max(least, ratio));
    return labelWidth + Math.log(within / least) / Math.log(most / least) * (width - labelWidth - rangeWidth);
  };
  const height = dots.length * rowHeight;
  const axis = marks.filter((mark) => mark >= least && mark <= most).map((mark) =>
    `<line class="${mark === 1 ? 'one' : 'grid'}" x1="${px(x(mark))}" x2="${
      px(x(mark))
    }" y1="0" y2="${height}"/>` +
    `<text class="tick" x="${px(x(mark))}" y="${height + 13}" text-anchor="middle">${mark}x</text>`
  );
  const rows = dots.map((dot, at) => {
    const y = at * rowHeight;
    const state = dot.state === undefined ? '' : ` ${dot.state}`;
    return `<g class="${dot.kind}${state}">${label(dot.label, y)}` +
      `<rect class="range" x="${px(x(dot.min))}" y="${y + 9}" width="${
        px(Math.max(1, x(dot.max) - x(dot.min)))
      }" ` +
      `height="6" rx="3"/>${dot.bound === undefined ? '' : boundMark(x(dot.bound), y)}` +
      `<circle cx="${px(x(dot.median))}" cy="${y + 12}" r="5"/>${
        value(text(dot.median), y, `${text(dot.min)} to ${text(dot.max)}`)
      }${hint(dot, text)}</g>`;
  });
  return svg(title, height + 18, axis.join('') + rows.join(''));
}

function boundMark(x: number, y: number): string {
  return `<line class="bound" x1="${px(x)}" x2="${px(x)}" y1="${y + 3}" y2="${y + 21}"/>`;
}

function whisker(from: number, to: number, y: number): string {
  return `<path class="whisker" d="M${px(from)} ${y + 8}v8M${px(from)} ${y + 12}H${px(to)}M${px(to)} ${
    y + 8
  }v8"/>`;
}

function label(text: string, y: number): string {
  return `<text x="${labelWidth - 8}" y="${y + 16}" text-anchor="end">${escape(text)}</text>`;
}

/** `range` stands beside it, smaller. */
function value(text: string, y: number, range?: string): string {
  const end = range === undefined ? width : width - 100;
  const beside = range === undefined
    ? ''
    : `<text class="tick" x="${width}" y="${y + 16}" text-anchor="end">${escape(range)}</text>`;
  return `<text class="value" x="${end}" y="${y + 16}" text-anchor="end">${escape(text)}</text>${beside}`;
}

function hint({ label, min, median, max }: Bar, text: (value: number) => string): string {
  return `<title>${escape(`${label}: median ${text(median)}, from ${text(min)} to ${text(max)}`)}</title>`;
}

function svg(title: string, height: number, inside: string): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">${inside}</svg>`;
}

function px(value: number): string {
  return value.toFixed(1);
}
