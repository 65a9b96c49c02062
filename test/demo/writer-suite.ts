/** The writer against a server that ends its connections in every way that there is, on each runtime. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { Writer, type WriterOptions } from '../../src/demo/writer.ts';
import { waitFor } from '../bed/wait-for.ts';

const patience = { timeout: 120_000 };

const message = (type: string, ...parts: (readonly number[] | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1')));
  const head = Buffer.alloc(5, type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const ready = message('Z', 'I');
const loggedIn = Buffer.concat([message('R', [0, 0, 0, 0]), ready]);
const column = (
  name: string,
) => [...Buffer.from(`${name}\0`), 0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0];
const row = (port: number) =>
  Buffer.concat([
    message('T', [0, 2], column('port'), column('timeline')),
    message('D', [0, 2], [0, 0, 0, 5], String(port), [0, 0, 0, 1], '7'),
    message('C', 'INSERT 0 1\0'),
    ready,
  ]);

/** What happens at a moment of a session; true: it is over, and nothing more is answered. */
type Fate = (
  socket: Socket,
  moment: 'accepted' | 'startup' | 'write' | 'answered',
  count: number,
) => boolean | void;

const servers: Server[] = [];
after(() => servers.forEach((server) => server.close()));

/** Speaks as much of the protocol as the writer needs, until `fate` ends a session. Resolves with its port. */
async function listen(fate: Fate): Promise<number> {
  let count = 0;
  const server = createServer((socket) => {
    const number = count++;
    let isLoggedIn = false;
    socket.on('error', () => {});
    if (fate(socket, 'accepted', number)) return;
    socket.on('data', (bytes) => {
      if (!isLoggedIn) {
        if (fate(socket, 'startup', number)) return;
        isLoggedIn = true;
        socket.write(loggedIn);
        return;
      }
      const isFarewell = bytes[0] === 'X'.charCodeAt(0);
      if (isFarewell || fate(socket, 'write', number)) return;
      socket.write(row(socket.localPort ?? 0));
      fate(socket, 'answered', number);
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

async function withWriter(options: Omit<WriterOptions, 'isFresh'>, run: (writer: Writer) => Promise<void>) {
  for (const isFresh of [false, true]) {
    const writer = new Writer({ isFresh, everyMs: 1, ...options });
    writer.start();
    try {
      await run(writer);
    } finally {
      await writer.stop();
    }
  }
}

const deadlineMs = 60_000;

/** The resets whose events come apart are Bun's. */
const resets = process.versions['bun'] ? 100 : 20;

describe('the writer', () => {
  // Half a millisecond after the reset there is a write that nothing in the driver would ever end.
  test(
    'writes again after each of many resets at any moment, and no write waits for its deadline',
    patience,
    async () => {
      let sessions = 0;
      const port = await listen((socket, moment, count) => {
        if (moment !== 'accepted') return;
        sessions = count + 1;
        setTimeout(() => socket.resetAndDestroy(), 5 + Math.random() * 20);
      });
      await withWriter({ port, deadlineMs }, async (writer) => {
        const until = sessions + resets;
        await waitFor(`${resets} sessions`, () => sessions > until, {
          evidence: () => JSON.stringify({ ...writer.state, history: [] }),
        });
        const { writes } = writer.state;
        await waitFor('a write', () => writer.state.writes > writes);
      });
    },
  );

  const ends: Record<string, (socket: Socket) => void> = {
    'a reset': (socket) => void socket.resetAndDestroy(),
    'a FIN': (socket) => void socket.end(),
    'half a message and a FIN': (socket) => void socket.end(row(1).subarray(0, 7)),
    'an error of the server and a FIN': (socket) =>
      void socket.end(message('E', 'SFATAL\0C57P01\0Mterminating connection\0\0')),
  };
  for (const [name, end] of Object.entries(ends)) {
    for (const when of ['accepted', 'startup', 'write', 'answered'] as const) {
      test(`writes again after ${name} (${when})`, patience, async () => {
        const port = await listen((socket, moment, count) => {
          // One in three is served.
          if (moment !== when || count % 3 === 2) return;
          end(socket);
          return true;
        });
        await withWriter({ port, deadlineMs }, async (writer) => {
          await waitFor('ten writes', () => writer.state.writes >= 10);
        });
      });
    }
  }

  for (const when of ['accepted', 'startup', 'write'] as const) {
    test(
      `gives up a session that says nothing (${when}) at its deadline, and writes on another`,
      patience,
      async () => {
        const port = await listen((_, moment, count) => moment === when && count % 2 === 0);
        await withWriter({ port, deadlineMs: 200 }, async (writer) => {
          await waitFor('three writes', () => writer.state.writes >= 3 && writer.state.errors >= 1);
          assert.match(writer.state.lastError?.text ?? '', /no answer in 200 ms/);
        });
      },
    );
  }

  test('stops at once while nothing answers', patience, async () => {
    const port = await listen(() => true);
    const writer = new Writer({ port, isFresh: false, deadlineMs });
    writer.start();
    await writer.stop();
    assert.equal(writer.state.writes, 0);
  });

  test('writes again when somebody listens again', patience, async () => {
    const port = await listen(() => {});
    const server = servers.at(-1)!;
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => sockets.add(socket));
    await withWriter({ port, deadlineMs }, async (writer) => {
      await waitFor('a write', () => writer.state.writes > 0);
      server.close();
      for (const socket of sockets) socket.destroy();
      await waitFor('a refused connection', () => /ECONNREFUSED/.test(writer.state.lastError?.text ?? ''));
      server.listen(port, '127.0.0.1');
      const { writes } = writer.state;
      await waitFor('a write', () => writer.state.writes > writes);
    });
  });

  test('counts the sessions that were cut between two writes, which are no errors', patience, async () => {
    const port = await listen((socket, moment, count) => {
      if (moment === 'answered' && count < 3) socket.end();
    });
    const writer = new Writer({ port, isFresh: false, deadlineMs, everyMs: 30 });
    writer.start();
    await waitFor('writes on the fourth session', () => writer.state.writes >= 6);
    assert.deepEqual([writer.state.lost, writer.state.errors], [3, 0]);
    assert.deepEqual([writer.state.last?.port, writer.state.last?.timeline], [port, 7]);
    writer.forget();
    assert.equal(writer.state.lost, 0);
    await writer.stop();
  });
});
