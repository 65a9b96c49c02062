import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../bed/wait-for.ts';
import { withPair, writeAll } from './fixture.ts';
import type { Family, Pair, Role } from './fixture.ts';
import { loopTurns, patterned } from './peer.ts';
import type { Reactions, Trace } from './recorder.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';

const MiB = 1024 * 1024;

/** Bytes on an open connection: write, drain, pause and resume. */
export function streamSuite(runtime: Runtime, family: Family, role: Role): void {
  const sentence = (name: string, body: (pair: Pair) => Promise<void>, reactions: Reactions = {}) =>
    test(`${family}, ${role}: ${name}`, withPair(runtime, family, role, body, reactions));

  sentence('a small write is taken whole and arrives', async ({ trace, peer }) => {
    equal(trace.call((conn) => conn.write(patterned(1000))), 1000);
    await until(() => peer.bytes === 1000, 'the bytes');
    ok(peer.inOrder);
    deepEqual(trace.events, ['open']);
  });

  sentence('an empty write takes nothing and owes no drain', async ({ trace }) => {
    equal(trace.call((conn) => conn.write(new Uint8Array(0))), 0);
    await loopTurns();
    equal(trace.drains, 0);
  });

  sentence('one drain follows a short write, when the peer reads again', async ({ trace, peer }) => {
    peer.socket.pause();
    // A paused node:net socket still reads a little ahead, so it takes more than one round until nothing moves.
    let taken = 0;
    let rounds = 0;
    do {
      taken += fill(trace, taken);
      rounds++;
      await loopTurns();
    } while (trace.drains === rounds);
    equal(trace.drains, rounds - 1, 'one drain for each short write that has found room since');
    const more = trace.call((conn) => conn.write(patterned(MiB, taken)));
    ok(more < MiB, 'a second write into a full connection takes less than all');
    peer.socket.resume();
    await until(() => peer.bytes === taken + more, 'every taken byte');
    await until(() => trace.drains === rounds, 'the drain');
    await loopTurns();
    equal(trace.drains, rounds);
    ok(peer.inOrder);
  });

  sentence('a write that was not short owes no drain', async ({ trace, peer }) => {
    for (let at = 0; at < 100; at++) trace.call((conn) => conn.write(patterned(10, at * 10)));
    await until(() => peer.bytes === 1000, 'the bytes');
    trace.call((conn) => conn.pause());
    trace.call((conn) => conn.resume());
    await loopTurns();
    equal(trace.drains, 0);
  });

  sentence('taken bytes arrive in order and before the FIN', async ({ trace, peer }) => {
    await writeAll(trace, patterned(12 * MiB));
    trace.call((conn) => conn.shutdown());
    await until(() => peer.ended, 'the FIN');
    equal(peer.bytes, 12 * MiB);
    ok(peer.inOrder);
  });

  sentence('bytes arrive in order, whatever their number', async ({ trace, peer }) => {
    peer.send(12 * MiB);
    await until(() => trace.bytes === 12 * MiB, () => `all bytes, not ${trace.bytes}`);
    ok(trace.inOrder);
    deepEqual(trace.events, ['open', 'data']);
  });

  sentence('messages go back and forth', async ({ trace, peer }) => {
    for (let turn = 1; turn <= 200; turn++) {
      peer.send(10, (turn - 1) * 10);
      await until(() => peer.bytes === turn * 10, 'the echo');
    }
    equal(trace.chunks, 200);
    ok(peer.inOrder);
  }, { data: (trace, bytes) => void trace.conn?.write(bytes.slice()) });

  sentence('both directions are full at once and neither blocks the other', async ({ trace, peer }) => {
    peer.send(6 * MiB);
    await writeAll(trace, patterned(6 * MiB));
    await until(() => peer.bytes === 6 * MiB && trace.bytes === 6 * MiB, 'all bytes of both');
    ok(peer.inOrder && trace.inOrder);
  });

  sentence('after pause there is no data until resume, and none is lost', async ({ trace, peer }) => {
    peer.send(4 * MiB);
    await until(() => trace.chunks === 1, 'the first data');
    const before = trace.bytes;
    await loopTurns();
    equal(trace.bytes, before);
    ok(before < 4 * MiB, 'the connection stopped within the flow');
    trace.call((conn) => conn.resume());
    await until(() => trace.bytes === 4 * MiB, 'the rest');
    ok(trace.inOrder);
  }, { data: (trace) => void (trace.chunks === 1 && trace.conn?.pause()) });

  sentence('pause and resume in every handler lose nothing', async ({ trace, peer }) => {
    peer.send(4 * MiB);
    await until(() => trace.bytes === 4 * MiB, 'all bytes');
    ok(trace.inOrder);
  }, {
    data: (trace) => {
      trace.conn?.pause();
      if (trace.chunks % 2 === 0) trace.conn?.resume();
      else runtime.after(0, () => trace.conn?.resume());
    },
  });

  sentence('pause in open holds the first bytes', async ({ trace, peer }) => {
    peer.send(100);
    await loopTurns();
    equal(trace.bytes, 0);
    trace.call((conn) => conn.resume());
    await until(() => trace.bytes === 100, 'the bytes');
  }, { open: (trace) => trace.conn?.pause() });

  sentence('a paused connection can be written to and drains', async ({ trace, peer }) => {
    trace.call((conn) => conn.pause());
    peer.send(100);
    peer.socket.pause();
    const taken = fill(trace);
    peer.socket.resume();
    await until(() => trace.drains === 1, 'the drain');
    await until(() => peer.bytes === taken, 'the bytes');
    equal(trace.bytes, 0);
    trace.call((conn) => conn.resume());
    await until(() => trace.bytes === 100, 'the held bytes');
  });
}

/** Writes on from byte `from` until a write is short, and returns how many bytes were taken. */
function fill(trace: Trace, from = 0): number {
  for (let taken = 0; taken < 512 * MiB;) {
    const chunk = patterned(MiB, from + taken);
    const count = trace.call((conn) => conn.write(chunk));
    taken += count;
    if (count < chunk.length) return taken;
  }
  throw new Error('512 MiB were taken from a peer that does not read');
}
