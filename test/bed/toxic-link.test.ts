import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Directions, mostKeptBytes, ToxicLink } from './toxic-link.ts';
import { standsStill, waitFor } from './wait-for.ts';

/** What came to one end of a connection. */
class End {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  hasEnd = false;
  error: string | undefined;
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.chunks.push(chunk));
    socket.once('end', () => this.hasEnd = true);
    socket.once('error', ({ code }: NodeJS.ErrnoException) => this.error = code);
    socket.once('close', () => this.isClosed = true);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get length(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }
}

/** Each byte tells where it belongs. */
const bytesOf = (length: number): Buffer =>
  Buffer.from(Uint32Array.from({ length: length / 4 }, (_, n) => n).buffer);

describe('a toxic link', () => {
  let target: Server;
  const accepted: End[] = [];
  let link: ToxicLink;
  const ends: Socket[] = [];

  before(async () => {
    target = createServer({ allowHalfOpen: true }, (socket) => accepted.push(new End(socket)));
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    link = await ToxicLink.open({ to: { port: portOf(target) }, seed: 1 });
  });

  after(async () => {
    for (const socket of ends) socket.destroy();
    await link?.close();
    for (const { socket } of accepted) socket.destroy();
    await new Promise((resolve) => target.close(resolve));
  });

  /** A connection through it, both ends. */
  async function open(directions: Directions = {}, through = link): Promise<{ client: End; server: End }> {
    const { length } = accepted;
    through.next(directions);
    const socket = connect({ port: through.port, host: '127.0.0.1', allowHalfOpen: true });
    ends.push(socket);
    const client = new End(socket);
    return { client, server: await waitFor('the other end', () => accepted[length]) };
  }

  const arrives = (end: End, bytes: number) => waitFor(`${bytes} bytes`, () => end.length >= bytes);

  test('without toxics passes both ways what comes, and the end of each way by itself', async () => {
    const { client, server } = await open();
    const sent = bytesOf(16 << 20);
    client.socket.end(sent);
    await waitFor('the end of the client', () => server.hasEnd);
    assert.ok(server.bytes.equals(sent));
    // The client has said its last byte, and the answer comes all the same.
    server.socket.end(sent);
    await waitFor('the end of the server', () => client.hasEnd);
    assert.ok(client.bytes.equals(sent));
    await waitFor('the connection to be over', () => client.isClosed && server.isClosed);
    assert.equal(client.error ?? server.error, undefined);
  });

  const harmless: Record<string, Directions> = {
    latency: { up: { latencyMs: 20 } },
    jitter: { up: { jitterMs: 20 } },
    bandwidth: { up: { bytesPerSecond: 10_000_000 } },
    slicing: { up: { sliceBytes: 5_000 } },
    'slicing with pauses': { up: { sliceBytes: 200_000, sliceDelayMs: 1 } },
    'all of them': {
      up: { latencyMs: 5, jitterMs: 5, bytesPerSecond: 20_000_000, sliceBytes: 60_000, sliceDelayMs: 1 },
    },
  };
  for (const [name, directions] of Object.entries(harmless)) {
    test(`with ${name} every byte arrives, in its order, and then the end`, async () => {
      const { client, server } = await open(directions);
      const sent = bytesOf(2 << 20);
      client.socket.end(sent);
      await waitFor('the end', () => server.hasEnd);
      assert.ok(server.bytes.equals(sent));
      server.socket.end('bye');
      await waitFor('the other end', () => client.hasEnd);
    });
  }

  // A timer never fires early: what takes too short a time is not held up.
  const atLeast: Record<
    string,
    { readonly directions: Directions; readonly bytes: number; readonly ms: number }
  > = {
    latency: { directions: { up: { latencyMs: 100 } }, bytes: 4, ms: 98 },
    bandwidth: { directions: { up: { bytesPerSecond: 1_000_000 } }, bytes: 200_000, ms: 180 },
    slicing: { directions: { up: { sliceBytes: 4, sliceDelayMs: 2 } }, bytes: 100, ms: 48 },
  };
  for (const [name, { directions, bytes, ms }] of Object.entries(atLeast)) {
    test(`${name} takes the time that it says, and the other direction none`, async () => {
      const { client, server } = await open(directions);
      const from = performance.now();
      client.socket.write(Buffer.alloc(bytes));
      server.socket.write('at once');
      await arrives(client, 7);
      await arrives(server, bytes);
      assert.ok(performance.now() - from >= ms, `${performance.now() - from} ms`);
    });
  }

  test('the same seed cuts the same pieces, another one others', async () => {
    const pieces = async (seed: number): Promise<number[]> => {
      const sizes: number[] = [];
      const own = await ToxicLink.open({
        to: { port: portOf(target) },
        seed,
        onPiece: (bytes) => sizes.push(bytes),
      });
      const { client, server } = await open({ up: { sliceBytes: 10 } }, own);
      client.socket.write(Buffer.alloc(1000));
      await arrives(server, 1000);
      await own.close();
      return sizes;
    };
    const first = await pieces(7);
    assert.ok(first.length > 100 && first.every((size) => size >= 1 && size <= 10), String(first));
    assert.deepEqual(await pieces(7), first);
    assert.notDeepEqual(await pieces(8), first);
  });

  test('a reset after byte N lets N bytes through, and both sides get an RST', async () => {
    const { reset } = link.cuts;
    const { client, server } = await open({ up: { cut: { afterBytes: 100_000, by: 'reset' } } });
    const sent = bytesOf(1 << 20);
    client.socket.write(sent);
    await waitFor('both to be over', () => client.isClosed && server.isClosed);
    assert.equal(server.error, 'ECONNRESET');
    assert.match(client.error ?? '', /^(?:ECONNRESET|EPIPE)$/);
    assert.ok(server.bytes.equals(sent.subarray(0, 100_000)), `${server.length} bytes`);
    assert.equal(server.hasEnd, false);
    assert.equal(link.cuts.reset, reset + 1);
  });

  test('a half-close after byte N is a FIN there, and the other direction goes on to its end', async () => {
    const { client, server } = await open({ up: { cut: { afterBytes: 1000, by: 'halfClose' } } });
    const sent = bytesOf(4 << 20);
    client.socket.end(sent);
    await waitFor('the FIN', () => server.hasEnd);
    assert.ok(server.bytes.equals(sent.subarray(0, 1000)));
    server.socket.end(sent);
    await waitFor('the end of the answer', () => client.hasEnd);
    assert.ok(client.bytes.equals(sent));
    await waitFor('the connection to be over', () => client.isClosed && server.isClosed);
    assert.equal(client.error ?? server.error, undefined);
  });

  test('after a half-close of ours, a side that resets its connection still resets the other one', async () => {
    const { client, server } = await open({ up: { cut: { afterBytes: 10, by: 'halfClose' } } });
    client.socket.write(Buffer.alloc(100));
    await waitFor('the FIN', () => server.hasEnd);
    const { connections } = link;
    client.socket.resetAndDestroy();
    await waitFor('the link to pass it on', () => link.connections < connections);
    // Who has read the end of a connection reads no RST; who writes does.
    server.socket.write('are you there?');
    await waitFor('the other side to be over', () => server.isClosed);
    assert.match(server.error ?? '', /^(?:ECONNRESET|EPIPE)$/);
  });

  test('silence passes nothing, not even an end; what was said arrives when it is over', async () => {
    const { client, server } = await open({ up: { cut: { afterBytes: 1000, by: 'silence' } } });
    const sent = bytesOf(400_000);
    client.socket.end(sent);
    server.socket.write('still here');
    await arrives(client, 10);
    await waitFor('the link to have all of it', () => link.keptBytes === sent.length - 1000);
    assert.equal(server.length, 1000);
    assert.equal(server.hasEnd, false);
    link.set();
    await waitFor('the end', () => server.hasEnd);
    assert.ok(server.bytes.equals(sent));
    server.socket.end();
  });

  test('a connection that begins in silence is taken, and nothing comes of it', async () => {
    link.set({
      up: { cut: { afterBytes: 0, by: 'silence' } },
      down: { cut: { afterBytes: 0, by: 'silence' } },
    });
    const { length } = accepted;
    const client = new End(connect(link.port, '127.0.0.1'));
    ends.push(client.socket);
    client.socket.write('hello');
    const server = await waitFor('the other end', () => accepted[length]);
    server.socket.write('greetings');
    await waitFor('the link to have both', () => link.keptBytes === 14);
    assert.equal(server.length + client.length, 0);
    client.socket.resetAndDestroy();
    link.set();
    await waitFor('the reset to arrive', () => server.error === 'ECONNRESET');
  });

  test('toxics of connections that are open change, too', async () => {
    const { client, server } = await open({ up: { bytesPerSecond: 1 } });
    const sent = bytesOf(100_000);
    client.socket.write(sent);
    await arrives(server, 1);
    assert.ok(server.length < 100);
    link.set({ up: { latencyMs: 1 } });
    await arrives(server, sent.length);
    link.set({ up: { cut: { afterBytes: sent.length + 4, by: 'reset' } } });
    client.socket.write(bytesOf(8));
    await waitFor('the reset', () => server.error === 'ECONNRESET');
    assert.equal(server.length, sent.length + 4);
    link.set();
  });

  test('a reader that does not read costs bounded memory, and gets all of it later', async () => {
    const { client, server } = await open({ up: { latencyMs: 1 } });
    server.socket.pause();
    const sent = bytesOf(64 << 20);
    client.socket.end(sent);
    let most = 0;
    await standsStill('everything', () => {
      most = Math.max(most, link.keptBytes);
      // Nothing has passed before the first piece has: until then the client's own buffers count for nothing.
      return link.passed.up === 0
        ? 0
        : client.socket.bytesWritten - client.socket.writableLength + link.passed.up;
    }, { everyMs: 100 });
    assert.ok(most > 0 && most <= mostKeptBytes + (1 << 16), `${most} bytes`);
    server.socket.resume();
    await waitFor('the end', () => server.hasEnd);
    assert.ok(server.bytes.equals(sent));
    server.socket.end();
  });

  test('a cut may be somewhere between two places, of each connection elsewhere', async () => {
    const [from, to] = [1000, 100_000];
    link.set({ up: { cut: { afterBytes: [from, to], by: 'halfClose' } } }, 'coming');
    const places: number[] = [];
    for (let count = 0; count < 3; count++) {
      const { length } = accepted;
      const client = new End(connect(link.port, '127.0.0.1'));
      ends.push(client.socket);
      client.socket.write(bytesOf(200_000));
      const server = await waitFor('the other end', () => accepted[length]);
      await waitFor('its end', () => server.hasEnd);
      places.push(server.length);
    }
    link.set();
    assert.ok(places.every((place) => place >= from && place < to), String(places));
    assert.equal(new Set(places).size, 3);
  });

  test('what is set for connections to come leaves those that are open alone', async () => {
    const { client, server } = await open();
    link.set({ up: { cut: { afterBytes: 0, by: 'reset' } } }, 'coming');
    client.socket.write('as before');
    await arrives(server, 9);
    link.set();
  });

  test('where nobody listens, who connects is reset', async () => {
    const nowhere = await ToxicLink.open({ to: { port: await closedPort() } });
    const client = new End(connect(nowhere.port, '127.0.0.1'));
    ends.push(client.socket);
    await waitFor('the reset', () => client.error === 'ECONNRESET');
    await waitFor('nothing to be left', () => nowhere.connections === 0);
    await nowhere.close();
  });

  test('none of these connections is left', async () => {
    for (const socket of ends) socket.destroy();
    for (const { socket } of accepted) socket.destroy();
    await waitFor('none to be left', () => link.connections === 0);
    assert.equal(link.keptBytes, 0);
  });
});

function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
