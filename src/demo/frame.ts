/** The view as lines of text: a pure function of what is shown and of the size of the terminal. */
import {
  type Block,
  fit,
  flow,
  heightOf,
  keep,
  type Line,
  type Paint,
  type Style,
  widthOf,
  wrap,
} from './layout.ts';
import type { SceneEvent } from './scene.ts';
import type { GatewayView, ServerView, View } from './view.ts';
import type { Role } from './watch.ts';
import { clock, counted, duration } from './words.ts';
import { everyMs, type WriterState } from './writer.ts';

/** Smaller, and servers or keys would be missing. */
export const least = { columns: 40, rows: 10 } as const;

/** From here on what the gateway says of a server has room beside it. */
const wideColumns = 160;

const roleStyles = {
  primary: 'green',
  standby: 'cyan',
  starting: 'yellow',
  frozen: 'yellow',
  down: 'red',
} as const satisfies Record<Role, Style>;

/** What goes first where rows are few, after the events: from history up to the keys, which stay to the end. */
const ranks = {
  history: 1,
  title: 2,
  url: 3,
  header: 4,
  writer: 5,
  page: 6,
  psql: 7,
  explain: 8,
  errors: 9,
  verdict: 10,
  why: 11,
  gap: 12,
  gateway: 13,
  server: 14,
  keys: 15,
} as const;

/** `rows` lines of `columns` each; one line that says so where the terminal is too small. */
export function frame(view: View, paint: Paint, rows: number, columns: number): string[] {
  if (rows < least.rows || columns < least.columns) return [fit([tooSmall(rows, columns)], columns, paint)];
  const status = keep([...statusBlocks(view, columns), ...keyBlocks(view, columns)], rows);
  const keys = status.filter(({ rank }) => rank === ranks.keys);
  const head = status.filter(({ rank }) => rank !== ranks.keys);
  const room = rows - heightOf(status);
  // Air only where there is room for events besides.
  const air: Line[] = room >= 10 ? [[]] : [];
  const events = eventLines(view, room - 2 * air.length, columns);
  const filling = Array<Line>(room - 2 * air.length - events.length).fill([]);
  const lines = [...linesOf(head), ...air, ...events, ...filling, ...air, ...linesOf(keys)];
  return lines.map((line) => fit(line, columns, paint));
}

function linesOf(blocks: readonly Block[]): Line[] {
  return blocks.flatMap(({ lines }) => lines);
}

function tooSmall(rows: number, columns: number): string {
  const need = `${least.columns}x${least.rows}`;
  const sentences = [
    `This terminal has ${columns} columns and ${rows} rows: the demo needs ${least.columns} and ${least.rows}.`,
    `${columns}x${rows} is too small: ${need} needed`,
    `too small: ${need}`,
    need,
  ];
  return sentences.find(({ length }) => length <= columns) ?? need.slice(0, columns);
}

function statusBlocks(view: View, columns: number): Block[] {
  const block = (name: keyof typeof ranks, ...lines: Line[]): Block => ({ lines, rank: ranks[name] });
  const { servers, gateway, writer } = view;
  const isWide = columns >= wideColumns;
  return [
    block('title', spread([['bold', ' pg_gateway demo']], [['dim', `${clock(view.elapsedMs)} `]], columns)),
    block('psql', labelled('connect', view.psql)),
    block('url', labelled('', view.url)),
    block('page', labelled('page', view.page)),
    block('explain', labelled('explain', view.explain)),
    block('header', [[
      'dim',
      `   SERVER   ADDRESS          STATE    TL  LSN        LAG      ${
        isWide ? '            THE GATEWAY SAYS' : ''
      }`,
    ]]),
    ...servers.flatMap((server) => {
      const facts = serverLine(server, view);
      const said = verdictOf(server);
      return isWide
        ? [block('server', [...facts, ...said])]
        : [block('server', facts), block('verdict', [' '.repeat(12), ...said])];
    }),
    block('gateway', labelled('gateway', ...gatewayLine(gateway))),
    block('why', labelled('verdict', ...(gateway.trouble === undefined ? [gateway.why] : []))),
    block('writer', labelled('writer', ...writerLine(view))),
    block('gap', labelled('gap', ...gapLine(writer))),
    block('history', labelled('', ...historyLine(writer, columns))),
    block('errors', labelled('errors', ...errorLine(writer))),
  ];
}

function labelled(label: string, ...rest: Line): Line {
  return [' ', ['dim', label.padEnd(10)], ...rest];
}

function serverLine(server: ServerView, view: View): Line {
  const { name, address, role, timeline, lsn, lag, isRoute } = server;
  return [
    ...(view.chosen === name ? [['bold', ' > '] as const] : ['   ']),
    `${name.padEnd(8)} ${address.padEnd(16)} `,
    [roleStyles[role], role.padEnd(8)],
    ` ${String(timeline ?? '').padEnd(3)} ${lsn.padEnd(10)} ${lag.padEnd(8)} `,
    ['green', (isRoute ? '<= gateway' : '').padEnd(11)],
    ' ',
  ];
}

function verdictOf({ verdict, isRoute }: ServerView): Line {
  if (!verdict) return [];
  return [[isRoute ? 'green' : 'yellow', verdict.standing], `: ${verdict.note}`];
}

function gatewayLine(gateway: GatewayView): Line {
  if (gateway.trouble !== undefined) return [['red', gateway.trouble]];
  const { to, epoch, clients } = gateway;
  return [
    ...(to
      ? ['routes to ', ['green', to] as const]
      : [['yellow', 'routes to nobody: new clients wait'] as const]),
    `, epoch ${epoch}, ${counted(clients, 'client')}`,
  ];
}

function writerLine({ writer, taker }: View): Line {
  const kind = writer.isFresh ? 'a fresh connection' : 'one kept connection';
  return [
    `${counted(writer.writes, 'row')}, the last on ${taker ?? 'nobody yet'}; every ${everyMs} ms on ${kind}`,
  ];
}

function gapLine({ gapMs, longestMs }: WriterState): Line {
  const now = duration(gapMs).padEnd(8);
  return ['now ', gapMs > 1000 ? ['red', now] : now, '  longest ', ['bold', duration(longestMs)]];
}

/** A session that is cut between two writes is no error, and yet a client would like to know of it. */
function errorLine({ errors, lost, lastError }: WriterState): Line {
  return [
    `${counted(errors, 'error')}, ${counted(lost, 'session')} lost`,
    ...(lastError ? ['; ', ['yellow', lastError.text] as const, ` (${duration(lastError.agoMs)} ago)`] : []),
  ];
}

/** The last lines of them, which tell what to do. */
function eventLines({ events }: View, room: number, columns: number): Line[] {
  return room > 0 ? events.slice(-room).flatMap((event) => eventOf(event, columns)).slice(-room) : [];
}

function eventOf({ at, text, isProblem }: SceneEvent, columns: number): Line[] {
  const sentence = text.split('\n')[0] ?? '';
  return wrap(sentence, columns - 8).map((part, index): Line => [
    ' ',
    ['dim', (index === 0 ? clock(at) : '').padEnd(6)],
    isProblem ? ['red', part] : part,
  ]);
}

function keyBlocks({ chosen, busy }: View, columns: number): Block[] {
  const key = (letter: string, word: string): Line => [['bold', letter], ` ${word}`];
  const lines = [
    ...flow([
      key('k', 'kill -9'),
      key('s', 'stop'),
      key('f', 'freeze/thaw'),
      key('p', 'promote'),
      key('b', 'bring back'),
      key('w', 'switchover'),
    ], columns),
    ...flow([
      key('1 2 3', 'choose'),
      key('0', 'the usual one'),
      key('c', 'fresh/kept connection'),
      key('r', 'reset'),
      key('q', 'quit'),
    ], columns),
  ];
  const target: Line = [
    ' ',
    ...(busy ? [['inverse', ` ${busy} ... `] as const, ' '] : []),
    ['dim', chosen ? `for ${chosen}` : 'for the primary; p: the best standby'],
  ];
  return [{ lines: [...lines, target], rank: ranks.keys }];
}

/** The last seconds, as many as fit. */
function historyLine({ history }: WriterState, columns: number): Line {
  const shown = history.slice(-(columns - 16));
  return [sparkline(shown), ['dim', ` ${shown.length} s`]];
}

const bars = ' ▁▂▃▄▅▆▇█';

/** A bar each second, logarithmic: the least for the usual pace, the highest for 10 s. */
function sparkline(history: readonly number[]): string {
  const top = Math.log(10_000 / everyMs);
  return history.map((ms) => {
    if (ms === 0) return bars[0];
    return bars[Math.max(1, Math.min(8, 1 + Math.round(7 * Math.log(ms / (2 * everyMs)) / top)))];
  }).join('');
}

/** One at each end of the line. */
function spread(left: Line, right: Line, columns: number): Line {
  const width = widthOf([...left, ...right]);
  return [...left, ' '.repeat(Math.max(1, columns - width)), ...right];
}
