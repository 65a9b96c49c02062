import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Log, type LogOptions, openLog } from '../src/log.ts';

/** The lines that `write` leaves on standard error. */
function logged(options: Partial<LogOptions>, write: (log: Log) => void, isTTY = false): string[] {
  const { stderr } = process;
  const before = { isTTY: stderr.isTTY, color: process.env['NO_COLOR'] };
  const output = new Output();
  stderr.isTTY = isTTY;
  delete process.env['NO_COLOR'];
  try {
    write(openLog({ level: 'info', format: 'json', ...options }, output.write).log);
  } finally {
    stderr.isTTY = before.isTTY;
    if (before.color !== undefined) process.env['NO_COLOR'] = before.color;
  }
  return output.lines;
}

/** Stands in for standard error, and takes `room` bytes. */
class Output {
  room = Infinity;
  #text = '';

  readonly write = (bytes: Uint8Array): number => {
    if (this.room === 0) throw new Error('EAGAIN');
    const taken = Math.min(this.room, bytes.length);
    this.room -= taken;
    this.#text += Buffer.from(bytes.subarray(0, taken)).toString();
    return taken;
  };

  get lines(): string[] {
    assert.ok(this.#text === '' || this.#text.endsWith('\n'), this.#text);
    return this.#text.split('\n').slice(0, -1);
  }
}

const json = (write: (log: Log) => void): Record<string, unknown>[] =>
  logged({}, write).map((line) => JSON.parse(line));

/** Without its time. */
const text = (write: (log: Log) => void, isTTY = false): string[] =>
  logged({ format: 'text' }, write, isTTY).map((line) => {
    assert.match(line, /^\d\d:\d\d:\d\d /);
    return line.slice(9);
  });

describe('JSON lines', () => {
  test('have the time, the level, the event, its sentence and its fields', () => {
    const [line] = json((log) => log('no_primary', { epoch: 3, held: true, reason: 'say "no"\nlater' }));
    const { time, ...rest } = line!;
    assert.deepEqual(rest, {
      level: 'warn',
      event: 'no_primary',
      message: 'no candidate is primary: new clients wait',
      epoch: 3,
      held: true,
      reason: 'say "no"\nlater',
    });
    assert.equal(new Date(String(time)).toISOString(), time);
  });

  test('leave out what is undefined', () => {
    const [line] = json((log) => log('verdict', { timeline: undefined, rule: 'noPrimary' }));
    assert.deepEqual(Object.keys(line!), ['time', 'level', 'event', 'message', 'rule']);
  });

  test('need no fields', () => {
    assert.deepEqual(Object.keys(json((log) => log('stopped'))[0]!), ['time', 'level', 'event', 'message']);
  });

  test('are one a line, each as often as it was said', () => {
    const lines = json((log) => {
      for (let count = 0; count < 50; count += 1) log('stopped');
    });
    assert.equal(lines.length, 50);
  });
});

describe('lines of text', () => {
  test('say the event and its sentence, then key=value, quoted where it must be', () => {
    const lines = text((log) =>
      log('verdict', {
        primary: 'db1:5432',
        epoch: 3,
        ok: false,
        reason: 'a "b"',
        empty: '',
        pair: 'a=b',
        nl: '\n',
      })
    );
    assert.deepEqual(lines, [
      'info  verdict: what is known of the candidates has changed primary=db1:5432 epoch=3 ok=false reason="a \\"b\\"" empty="" pair="a=b" nl="\\n"',
    ]);
  });

  test('leave out what is undefined', () => {
    assert.deepEqual(text((log) => log('split_brain', { a: undefined, b: 1 })), [
      'error split_brain: several servers claim to be primary of one timeline b=1',
    ]);
  });

  test('have colors on a terminal, and none elsewhere', () => {
    assert.deepEqual(text((log) => log('candidate_down'), true), [
      '\u001b[33mwarn \u001b[0m candidate_down: a candidate does not answer',
    ]);
    assert.deepEqual(text((log) => log('candidate_down'), false), [
      'warn  candidate_down: a candidate does not answer',
    ]);
  });
});

describe('the log', () => {
  const all = (log: Log): void => {
    log('worker_died');
    log('candidate_down');
    log('verdict');
    log('suspicion');
  };
  const levels = ['error', 'warn', 'info', 'debug'] as const;
  levels.forEach((level, place) => {
    test(`of the level ${level} has ${place + 1} of four`, () => {
      const lines = logged({ level }, all).map((line) => JSON.parse(line).level);
      assert.deepEqual(lines, levels.slice(0, place + 1));
    });
  });

  test('is text on a terminal and JSON elsewhere, unless told otherwise', () => {
    const isJson = (options: Partial<LogOptions>, isTTY: boolean) =>
      logged(options, all, isTTY)[0]!.startsWith('{');
    assert.equal(isJson({ format: 'auto' }, true), false);
    assert.equal(isJson({ format: 'auto' }, false), true);
    assert.equal(isJson({ format: 'json' }, true), true);
    assert.equal(isJson({ format: 'text' }, false), false);
  });
});

describe('a log that cannot be written', () => {
  const openTo = (output: Output): Log => openLog({ level: 'info', format: 'text' }, output.write).log;
  const eventsIn = ({ lines }: Output): string[] =>
    lines.map((line) => /^\S+ \S+ +(\S+): /.exec(line)?.[1] ?? line);

  test('loses lines, and says how many once it can be written again', () => {
    const output = new Output();
    const log = openTo(output);
    log('engine');
    output.room = 0;
    for (let count = 0; count < 3; count += 1) log('verdict');
    output.room = Infinity;
    log('draining');
    log('stopped');
    assert.deepEqual(eventsIn(output), ['engine', 'log_lines_lost', 'draining', 'stopped']);
    assert.match(output.lines[1]!, / lines=3$/);
  });

  test('whose reader takes half a line gets the other half before anything else', () => {
    const output = new Output();
    const log = openTo(output);
    output.room = 20;
    log('engine');
    log('verdict');
    output.room = Infinity;
    log('stopped');
    assert.deepEqual(eventsIn(output), ['engine', 'log_lines_lost', 'stopped']);
    assert.match(output.lines[1]!, / lines=1$/);
  });

  test('loses lines also while their number itself is only half out', () => {
    const output = new Output();
    const log = openTo(output);
    output.room = 0;
    for (let count = 0; count < 2; count += 1) log('verdict');
    output.room = 20;
    log('draining');
    output.room = Infinity;
    log('stopped');
    assert.deepEqual(eventsIn(output), ['log_lines_lost', 'log_lines_lost', 'stopped']);
    assert.match(output.lines[0]!, / lines=2$/);
    assert.match(output.lines[1]!, / lines=1$/);
  });
});
