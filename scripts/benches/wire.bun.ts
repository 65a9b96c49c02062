/**
 * The raw client, and the echo server that goes with it: one process each, blocking. Says what it found as lines of
 * JSON. Where something must be arranged first (the pinning), it says `{ready}` and waits for a byte.
 *
 *   ping HOST PORT COUNT      round trips of an empty query, on one session
 *   echo HOST PORT COUNT      round trips of 64 bytes
 *   serve                     the echo server; serves one connection after another
 *   connect HOST PORT COUNT   connect until ReadyForQuery, with a pause before each
 *   out HOST PORT MB          COPY to us
 *   in HOST PORT MB           COPY from us; the server reads the rows and throws them away
 */
import { accept, close, listen, open, receive, rest, send, waitForWord } from './socket.bun.ts';
import {
  copyBegin,
  copyEnd,
  copyRow,
  endsReady,
  message,
  numberIn,
  query,
  startupMessage,
} from './protocol.ts';
import { quantile } from './statistics.ts';

const buffer = new Uint8Array(1 << 18);
const rowBytes = 8192;
/** Applications do not connect in a burst; a gateway that opens connections ahead may use the pause. */
const pauseMs = 10;

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Reads to the next ReadyForQuery; returns how many bytes came. What came last is in `buffer`. */
function untilReady(fd: number): number {
  for (let total = 0;;) {
    const length = receive(fd, buffer);
    if (length === 0) throw new Error('the server closed the connection');
    total += length;
    // An error in answer to the startup is followed by the end, and is the first thing that comes.
    if (total === length && buffer[0] === 0x45) {
      throw new Error(new TextDecoder().decode(buffer.subarray(5, length)));
    }
    if (endsReady(buffer, length)) return total;
  }
}

function login(host: string, port: number): number {
  const fd = open(host, port);
  send(fd, startupMessage());
  untilReady(fd);
  return fd;
}

function repeat(count: number, once: () => void): void {
  for (let at = 0; at < count / 10; at++) once();
  const times = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const from = Bun.nanoseconds();
    once();
    times[at] = (Bun.nanoseconds() - from) / 1000;
  }
  const values = Array.from(times);
  say({ medianUs: quantile(values, 0.5), p99Us: quantile(values, 0.99) });
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

function connect(host: string, port: number, count: number): void {
  const times = [];
  for (let at = 0; at < count; at++) {
    rest(pauseMs);
    const from = Bun.nanoseconds();
    const fd = login(host, port);
    times.push((Bun.nanoseconds() - from) / 1e6);
    send(fd, message('X'));
    close(fd);
  }
  say({ medianMs: quantile(times, 0.5), p99Ms: quantile(times, 0.99) });
}

function copyOut(host: string, port: number, megabytes: number): void {
  const fd = login(host, port);
  const rows = Math.ceil(megabytes * 1e6 / rowBytes);
  const from = Bun.nanoseconds();
  // The row is made once; a column of text would be looked at byte by byte on its way out.
  send(
    fd,
    query(`copy (select v from (select convert_to(repeat('x', ${rowBytes}), 'UTF8') as v offset 0) one,
      generate_series(1, ${rows})) to stdout (format binary)`),
  );
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

const modes: Record<string, (host: string, port: number, amount: number) => void> = {
  ping,
  echo,
  serve,
  connect,
  out: copyOut,
  in: copyIn,
};
const [mode = '', host = '', port, amount] = process.argv.slice(2);
const run = modes[mode];
if (run === undefined) throw new Error(`there is no mode "${mode}"`);
run(host, Number(port), Number(amount));
