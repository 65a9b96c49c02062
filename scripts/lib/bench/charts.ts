/**
 * Charts as plain HTML, without a library: text keeps its size on a narrow screen, where that of a scaled drawing
 * would not. Colours are classes of page-style.ts. Pure.
 */
import { type Cell, isMeasured } from './cells.ts';
import { rangeText } from './numbers.ts';
import type { Spread } from './statistics.ts';

export interface Line {
  readonly label: string;
  /** Beside the label, smaller. */
  readonly note: string;
  readonly kind: 'direct' | 'floor' | 'ours' | 'peer';
  readonly cell: Cell;
}

type Text = (value: number) => string;

/** Escapes for text and for attributes in double quotes. */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(
    '"',
    '&quot;',
  );
}

/** Bars from zero to the median, with a whisker from the least to the greatest. */
export function barChart(title: string, lines: readonly Line[], text: Text): string {
  const top = Math.max(...lines.map(({ cell }) => isMeasured(cell) ? cell.max : 0), Number.MIN_VALUE);
  // A figure may be below zero where little is measured by subtraction.
  const at = (value: number) => Math.max(0, value) / top * 100;
  return chart(
    title,
    lines,
    text,
    ({ min, median, max, count }) =>
      `<i class="bar" style="width:${percent(at(median))}"></i>` +
      (count === 1 ? '' : band('whisker', at(min), at(max))),
  );
}

export interface Ratio extends Line {
  /** What must be reached, if anything must. */
  readonly bound?: number | undefined;
  /** Of the goal, where there is one. */
  readonly state?: 'met' | 'missed' | 'open' | undefined;
}

/** Ratios on a logarithmic axis, so that half and double lie equally far from 1: range, median, and the bound. */
export function ratioChart(title: string, lines: readonly Ratio[], text: Text): string {
  const marks = [0.01, 0.05, 0.1, 0.25, 0.5, 0.8, 1, 1.25, 2, 4, 10, 20, 100];
  const all = lines.flatMap(({ cell, bound = 1 }) => isMeasured(cell) ? [cell.min, cell.max, bound] : [bound])
    .filter((value) => value > 0);
  const least = marks.findLast((mark) => mark <= Math.min(0.8, ...all)) ?? 0.01;
  const most = marks.find((mark) => mark >= Math.max(1.25, ...all)) ?? 100;
  const at = (ratio: number) =>
    Math.log(Math.min(most, Math.max(least, ratio)) / least) / Math.log(most / least) * 100;
  // On a wide axis the neighbours of 1 would stand on it, unless they are its ends.
  const isShown = (mark: number) =>
    most / least <= 4 || ![0.8, 1.25].includes(mark) || mark === least || mark === most;
  const shown = marks.filter((mark) => mark >= least && mark <= most && isShown(mark));
  const grid = shown.map((mark) => upright(mark === 1 ? 'one' : 'grid', at(mark))).join('');
  const axis = shown.map((mark) => `<b style="left:${percent(at(mark))}">${mark}x</b>`).join('');
  const plot = ({ min, median, max, count }: Spread, { bound }: Ratio) =>
    grid + (count === 1 ? '' : band('range', at(min), at(max))) +
    (bound === undefined ? '' : upright('bound', at(bound))) +
    `<i class="dot" style="left:${percent(at(median))}"></i>`;
  return chart(
    title,
    lines,
    text,
    plot,
    `<li class="axis" aria-hidden="true"><span class="plot">${axis}</span></li>`,
  );
}

/** One line for each; a line that was not measured says why where its bar would be. */
function chart<L extends Ratio>(
  title: string,
  lines: readonly L[],
  text: Text,
  plot: (spread: Spread, line: L) => string,
  axis = '',
): string {
  const rows = lines.map((line) => {
    const { label, note, kind, state, cell } = line;
    const name = `<span class="name">${escape(label)} <small>${escape(note)}</small></span>`;
    if (!isMeasured(cell)) {
      return `<li class="${kind} absent">${name}<span class="why" title="${escape(cell.why)}">${
        escape(cell.why)
      }</span></li>`;
    }
    return `<li class="${kind}${state === undefined ? '' : ` ${state}`}">${name}` +
      `<span class="plot" aria-hidden="true">${plot(cell, line)}</span>` +
      `<span class="value">${text(cell.median)} <small>${rangeText(cell, text)}</small></span></li>`;
  });
  return `<ul class="chart" aria-label="${escape(title)}">${rows.join('')}${axis}</ul>`;
}

function band(kind: 'whisker' | 'range', from: number, to: number): string {
  return `<i class="${kind}" style="left:${percent(from)};width:${percent(to - from)}"></i>`;
}

function upright(kind: 'grid' | 'one' | 'bound', at: number): string {
  return `<i class="${kind}" style="left:${percent(at)}"></i>`;
}

function percent(value: number): string {
  return `${value.toFixed(1)}%`;
}
