/** Figures and moments as a person reads them. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Two units at the most, and no more digits than are of use. */
export function duration(ms: number): string {
  if (ms < second) return `${Math.round(ms)} ms`;
  if (ms < 10 * second) return `${(ms / second).toFixed(1)} s`;
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return two(ms, minute, 'min', second, 's');
  if (ms < day) return two(ms, hour, 'h', minute, 'min');
  return two(ms, day, 'd', hour, 'h');
}

function two(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  const first = `${Math.floor(ms / large)} ${largeName}`;
  return rest === 0 ? first : `${first} ${rest} ${smallName}`;
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function bytes(count: number): string {
  const step = Math.min(byteUnits.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
  const value = count / 1000 ** step;
  return `${step > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${byteUnits[step]}`;
}

/** `1 session`, `2 sessions`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** With a thin space between thousands, which no locale takes for a decimal point. */
export function grouped(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, '\u202f');
}

/** A rate: with a decimal only where it is small. */
export function rate(value: number): string {
  return value < 10 ? String(Math.round(value * 10) / 10) : grouped(value);
}

/** On the reader's clock; with the date unless it is that of `today`. */
export function clock(moment: Date, today: Date): string {
  const pad = (value: number): string => String(value).padStart(2, '0');
  const time = [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(pad).join(':');
  if (moment.toDateString() === today.toDateString()) return time;
  return `${[moment.getFullYear(), pad(moment.getMonth() + 1), pad(moment.getDate())].join('-')} ${time}`;
}
