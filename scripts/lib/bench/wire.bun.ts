/**
 * The raw client, and the echo server that goes with it: one process each, blocking. Says what it found as lines of
 * JSON. Where something must be arranged first (the pinning), it says `{ready}` and waits for a byte.
 *
 *   ping HOST PORT COUNT      round trips of an empty query, on one session
 *   echo HOST PORT COUNT      round trips of 64 bytes
 *   serve                     the echo server; serves one connection after another
 *   connect HOST PORT COUNT [MS]
 *                             connect until ReadyForQuery, with a pause of so many ms before each
 *   ahead HOST PORT COUNT [MS]
 *                             the same, but connected before the pause: from the first packet until ReadyForQuery
 *   burst HOST PORT COUNT [CLIENTS]
 *                             so many connect at once, until all are ready; COUNT times
 *   quiet HOST PORT COUNT     COUNT sessions, then, at each word, small questions on one after another
 *   flood HOST PORT MB        COPY to us without an end; says `{bytes}` every so many MB
 *   out HOST PORT MB          COPY to us
 *   in HOST PORT MB           COPY from us; the server reads the rows and throws them away
 */
import { buffer, leave, login, loginTogether, say, untilReady } from './login.bun.ts';
import { accept, close, listen, open, receive, rest, send, waitForWord } from './socket.bun.ts';
import { copyBegin, copyEnd, copyRow, message, numberIn, query, startupMessage } from './protocol.ts';
import { burstClients } from './metrics.ts';
import { median, quantile } from './statistics.ts';

const rowBytes = 8192;
/** Applications do not connect in a burst; a gateway that opens connections ahead may use the pause. */
const pauseMs = 10;
/** Between two bursts, for what a server does after its clients have gone. */
const calmMs = 200;
/** How many log in at once where that is not what is measured. */
const abreast = 50;
/** Questions to the quiet sessions at each word, and the pause before each: a closed loop would not be quiet. */
const questions = 1000;
const thinkMs = 0.5;

function repeat(count: number, once: () => void): void {
  for (let at = 0; at < count / 10; at++) once();
  const times = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const from = Bun.nanoseconds();
    once();
    times[at] = (Bun.nanoseconds() - from) / 1000;
  }
  const values = Array.from(times);
  say({ medianUs: median(values), p99Us: quantile(values, 0.99) });
}

function ping(host: string, port: number, count: number): void {
  const fd = login(host, port);
  send(fd, query('select pg_backend_pid()'));
  const length = untilReady(fd);
  say({ ready: true, backend: numberIn(buffer.subarray(0, length)) });
  waitForWord();
  const empty = query('');
  repeat(count, () => {
    send(fd, empty);
    untilReady(fd);
  });
}

function echo(host: string, port: number, count: number): void {
  const fd = open(host, port);
  say({ ready: true });
  waitForWord();
  const bytes = new Uint8Array(64).fill(0x78);
  repeat(count, () => {
    send(fd, bytes);
    for (let got = 0; got < bytes.length;) {
      const length = receive(fd, buffer);
      if (length === 0) throw new Error('the echo server closed the connection');
      got += length;
    }
  });
}

function serve(): void {
  const { fd: listener, port } = listen();
  say({ ready: true, port });
  while (true) {
    const fd = accept(listener);
    try {
      for (let length = receive(fd, buffer); length > 0; length = receive(fd, buffer)) {
        send(fd, buffer.subarray(0, length));
      }
    } catch {
      // A client that was killed may reset its connection; the next one comes.
    }
    close(fd);
  }
}

function connect(host: string, port: number, count: number, ms = pauseMs): void {
  each(count, () => rest(ms), () => login(host, port));
}

/** The best that there is to be had by connections made ahead. */
function ahead(host: string, port: number, count: number, ms = pauseMs): void {
  const connected = (): number => {
    const fd = open(host, port);
    rest(ms);
    return fd;
  };
  each(count, connected, (fd) => {
    send(fd, startupMessage());
    untilReady(fd);
    return fd;
  });
}

/** `once` takes what `before` gives, and returns a session; only that is timed. */
function each<T>(count: number, before: () => T, once: (given: T) => number): void {
  const times = [];
  for (let at = 0; at < count; at++) {
    const given = before();
    const from = Bun.nanoseconds();
    const fd = once(given);
    times.push((Bun.nanoseconds() - from) / 1e6);
    send(fd, message('X'));
    close(fd);
  }
  say({ medianMs: median(times), longestMs: Math.max(...times) });
}

function burst(host: string, port: number, count: number, clients = burstClients): void {
  const times = [];
  for (let at = 0; at < count; at++) {
    rest(calmMs);
    const from = Bun.nanoseconds();
    const fds = loginTogether(host, port, clients);
    times.push((Bun.nanoseconds() - from) / 1e6);
    leave(fds);
  }
  say({ medianMs: median(times), leastMs: Math.min(...times), mostMs: Math.max(...times) });
}

/** Leaves, and says `{left}`, when the word is a `q`. */
function quiet(host: string, port: number, count: number): void {
  const fds: number[] = [];
  while (fds.length < count) fds.push(...loginTogether(host, port, Math.min(abreast, count - fds.length)));
  const question = query('select 1');
  const ask = (fd: number) => {
    send(fd, question);
    untilReady(fd);
  };
  for (const fd of fds) ask(fd);
  say({ ready: true });
  while (waitForWord() !== 'q') {
    const times = Array.from({ length: questions }, (_, at) => {
      rest(thinkMs);
      const from = Bun.nanoseconds();
      // A step that shares no factor with a round number meets all of them.
      ask(fds[at * 7 % fds.length] as number);
      return (Bun.nanoseconds() - from) / 1000;
    });
    say({ medianUs: median(times), p99Us: quantile(times, 0.99) });
  }
  leave(fds);
  say({ left: true });
}

function flood(host: string, port: number, megabytes: number): void {
  const fd = login(host, port);
  send(fd, query(copyText(1_000_000_000)));
  let bytes = 0;
  for (let said = 0;;) {
    const length = receive(fd, buffer);
    if (length === 0) throw new Error('the server closed the connection');
    bytes += length;
    if (bytes - said < megabytes * 1e6) continue;
    said = bytes;
    say({ bytes });
  }
}

/**
 * The row is made once, and a column of text would be looked at byte by byte on its way out. The series stands in a
 * list of columns: in FROM the server would write all of it down before the first row.
 */
function copyText(rows: number): string {
  return `copy (select (select convert_to(repeat('x', ${rowBytes}), 'UTF8')) as v
    from (select generate_series(1, ${rows})) series) to stdout (format binary)`;
}

function copyOut(host: string, port: number, megabytes: number): void {
  const fd = login(host, port);
  const rows = Math.ceil(megabytes * 1e6 / rowBytes);
  const from = Bun.nanoseconds();
  send(fd, query(copyText(rows)));
  const bytes = untilReady(fd);
  say({ bytes, seconds: (Bun.nanoseconds() - from) / 1e9 });
}

function copyIn(host: string, port: number, megabytes: number): void {
  const fd = login(host, port);
  send(fd, query('create temporary table sink (v bytea)'));
  untilReady(fd);
  const row = copyRow(rowBytes);
  const many = new Uint8Array(row.length * 16);
  for (let at = 0; at < many.length; at += row.length) many.set(row, at);
  const from = Bun.nanoseconds();
  send(fd, query('copy sink from stdin (format binary) where false'));
  // CopyInResponse.
  receive(fd, buffer);
  send(fd, copyBegin);
  let bytes = 0;
  for (; bytes < megabytes * 1e6; bytes += many.length) send(fd, many);
  for (const end of copyEnd) send(fd, end);
  untilReady(fd);
  say({ bytes, seconds: (Bun.nanoseconds() - from) / 1e9 });
}

const modes: Record<string, (host: string, port: number, amount: number, other?: number) => void> = {
  ping,
  echo,
  serve,
  connect,
  ahead,
  burst,
  quiet,
  flood,
  out: copyOut,
  in: copyIn,
};
const [mode = '', host = '', port, amount, other] = process.argv.slice(2);
const run = modes[mode];
if (run === undefined) throw new Error(`there is no mode "${mode}"`);
run(host, Number(port), Number(amount), other === undefined ? undefined : Number(other));
