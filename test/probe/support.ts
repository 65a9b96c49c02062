/** What the tests of the probe share. */
import { test } from 'node:test';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Credentials } from '../../src/probe/credentials.ts';
import { openProbe, type Probe, type ProbeTarget } from '../../src/probe/query.ts';

export const realClock: Pick<Runtime, 'now' | 'after'> = {
  now: () => performance.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

export function login(change: Partial<Credentials> = {}): Credentials {
  return {
    user: 'postgres',
    database: 'postgres',
    password: () => undefined,
    sslMode: 'disable',
    trust: { verify: false, verifyHost: false },
    channelBinding: 'prefer',
    warnings: [],
    ...change,
  };
}

export interface Opened {
  readonly probe: Probe;
  readonly calls: string[];
  /** Resolves when the other side ends the idle session. */
  readonly ended: Promise<Error>;
}

/** A probe that is closed with its test. */
export function open(t: Closer, port: number, change: Partial<Credentials> = {}, host = '127.0.0.1'): Opened {
  const calls: string[] = [];
  const target: ProbeTarget = { host, port, serverName: host };
  let end: (error: Error) => void;
  const ended = new Promise<Error>((resolve) => end = resolve);
  const probe = openProbe(target, login(change), {
    ready: () => calls.push('ready'),
    ended: (error) => {
      calls.push('ended');
      end(error);
    },
  });
  t.after(() => probe.close());
  return { probe, calls, ended };
}

/** Takes what must happen at the end of a test. */
export interface Closer {
  after(fn: () => unknown): void;
}

/** A test with `t.after` that works: Deno 2.9.5 never calls that of `node:test` for a test inside `describe`. */
export function check(name: string, run: (t: Closer) => unknown): void {
  // Bun's default of 5 s is shorter than the deadlines of `waitFor`.
  test(name, { timeout: 120_000 }, async () => {
    const endings: (() => unknown)[] = [];
    try {
      await run({ after: (fn) => endings.push(fn) });
    } finally {
      for (const end of endings.reverse()) await end();
    }
  });
}

export interface FakeServer {
  readonly port: number;
  /** Sockets that are open now. */
  readonly sockets: Set<Socket>;
  /** Sockets ever accepted. */
  accepted(): number;
  /** All that was received. */
  received(): Buffer;
}

/** A TCP server that does what the test says; gone with its test. */
export async function fakeServer(t: Closer, serve: (socket: Socket) => void): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  const chunks: Buffer[] = [];
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => chunks.push(Buffer.from(bytes)));
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { port, sockets, accepted: () => accepted, received: () => Buffer.concat(chunks) };
}

/** A protocol message of a server. */
export function message(type: string, ...body: readonly (number | string | Buffer)[]): Buffer {
  const parts = body.map((part) => typeof part === 'number' ? int32(part) : Buffer.from(part));
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(content.length + 4), content]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
