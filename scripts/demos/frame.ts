/** The view as lines of text: a pure function of what is known. */
import type { Scene } from './scene.ts';
import { lagOf, primaryOf, type Role, type ServerState, textOf } from './watch.ts';
import { everyMs, historyLength, type WriterState } from './writer.ts';

/** Wraps text in an ANSI style, or not where NO_COLOR asks for none. */
export type Paint = (style: keyof typeof styles, text: string) => string;

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36, inverse: 7 } as const;

export const colours: Paint = (style, text) => `\x1b[${styles[style]}m${text}\x1b[0m`;
export const plain: Paint = (_, text) => text;

const roleStyles = {
  primary: 'green',
  standby: 'cyan',
  starting: 'yellow',
  frozen: 'yellow',
  down: 'red',
} as const satisfies Record<Role, keyof typeof styles>;

/** Every line fits 80 columns, and all of them 24 rows; `eventRows` more where the terminal is higher. */
export function frame(scene: Scene, paint: Paint, rows: number, columns: number): string[] {
  const writer = scene.writer.state;
  const head = [
    spread(paint('bold', ' pg_gateway demo'), 16, paint('dim', `${clock(scene.elapsedMs)} `), 6, 80),
    '',
    ` ${paint('dim', 'connect')}   ${scene.psql}`,
    `           ${scene.url}`,
    '',
    paint('dim', '   SERVER   ADDRESS          STATE    TIMELINE LSN        LAG'),
    ...scene.servers.map((state) => serverLine(state, scene, paint)),
    '',
    ` ${paint('dim', 'gateway')}   ${gatewayLine(scene, paint)}`,
    ...writerLines(scene, writer, paint),
    '',
  ];
  const foot = ['', ...keyLines(scene, paint)];
  const room = Math.max(1, rows - head.length - foot.length);
  const events = scene.events.slice(-room).map(({ at, text, isProblem }) => {
    const line = clip(text.split('\n')[0] ?? '', Math.max(20, columns - 9));
    return ` ${paint('dim', clock(at))} ${isProblem ? paint('red', line) : line}`;
  });
  return [...head, ...events, ...Array<string>(room - events.length).fill(''), ...foot];
}

function serverLine(state: ServerState, scene: Scene, paint: Paint): string {
  const { server, role, timeline, lsn } = state;
  const mark = scene.chosen === server ? paint('bold', '>') : ' ';
  const lag = lagOf(state, primaryOf(scene.servers));
  const route = scene.gatewayState?.primary === server.address ? paint('green', '<= gateway') : '';
  return [
    ` ${mark} ${server.name.padEnd(8)}`,
    server.address.padEnd(16),
    paint(roleStyles[role], role.padEnd(8)),
    String(timeline ?? '').padEnd(8),
    textOf(lsn).padEnd(10),
    lag.padEnd(8),
    route,
  ].join(' ');
}

function gatewayLine(scene: Scene, paint: Paint): string {
  const state = scene.gatewayState;
  if (!scene.gateway.isUp) return paint('red', 'is down');
  if (!state) return paint('yellow', 'does not answer on its metrics port');
  const name = scene.nameAt(state.primary);
  const to = name
    ? `routes to ${paint('green', name)}`
    : paint('yellow', 'routes to nobody: new clients wait');
  return `${to}, epoch ${state.epoch}, ${state.sessions} ${state.sessions === 1 ? 'client' : 'clients'}`;
}

function writerLines(scene: Scene, writer: WriterState, paint: Paint): string[] {
  const { writes, gapMs, longestMs, lastError } = writer;
  const taker = scene.cluster.servers.find(({ port }) => port === writer.port)?.name ?? 'nobody yet';
  const kind = writer.isFresh ? 'a fresh connection' : 'one kept connection';
  const gap = duration(gapMs).padEnd(8);
  const error = lastError ? `${clip(lastError.text, 52)} (${duration(lastError.agoMs)} ago)` : 'none';
  return [
    ` ${paint('dim', 'writer')}    ${writes} rows, the last on ${taker}; every ${everyMs} ms on ${kind}`,
    ` ${paint('dim', 'gap')}       now ${gapMs > 1000 ? paint('red', gap) : gap}  longest ${
      paint('bold', duration(longestMs))
    }`,
    `           ${sparkline(writer.history)} ${paint('dim', `${historyLength} s`)}`,
    ` ${paint('dim', 'errors')}    ${writer.errors}, the last: ${lastError ? paint('yellow', error) : error}`,
  ];
}

function keyLines(scene: Scene, paint: Paint): string[] {
  const key = (letter: string, word: string) => `${paint('bold', letter)} ${word}`;
  const target = scene.chosen?.name ?? 'the primary';
  const busy = scene.busy ? paint('inverse', ` ${scene.busy} ... `) : '';
  return [
    ` ${
      [
        key('k', 'kill -9'),
        key('s', 'stop'),
        key('f', 'freeze/thaw'),
        key('p', 'promote'),
        key('b', 'bring back'),
        key('w', 'switchover'),
      ].join('   ')
    }`,
    ` ${
      [
        key('1 2 3', 'choose'),
        key('0', `the usual one`),
        key('c', 'fresh/kept connection'),
        key('r', 'reset'),
        key('q', 'quit'),
      ].join('   ')
    }`,
    ` ${paint('dim', `acts on ${target}${scene.chosen ? '' : '; p: on the best standby'}`)}  ${busy}`,
  ];
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

/** Milliseconds as a person would say them. */
export function duration(ms: number): string {
  return ms < 1000
    ? `${Math.round(ms)} ms`
    : ms < 60_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.round(ms / 60_000)} min`;
}

export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** Left and right on one line; the lengths are those without the invisible styles. */
function spread(left: string, leftLength: number, right: string, rightLength: number, width: number): string {
  return left + ' '.repeat(Math.max(1, width - leftLength - rightLength)) + right;
}
