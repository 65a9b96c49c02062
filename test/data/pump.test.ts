import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, newCounters } from '../../src/contract/counters.ts';
import type { Conn } from '../../src/runtime/runtime.ts';
import { Pump } from '../../src/data/pump.ts';
import { patterned } from '../runtime/peer.ts';
import { bytesOf, seeded } from './packets.ts';

/** A connection that takes what it is told to, and notes what is asked of it. */
class Stub implements Conn<undefined> {
  data: undefined;
  readonly remote = '';
  readonly local = '';
  /** How many bytes the next writes take, one number a write; then everything. */
  takes: number[] = [];
  written: Uint8Array = new Uint8Array(0);
  writes = 0;
  readonly calls: string[] = [];

  write(bytes: Uint8Array): number {
    this.writes += 1;
    const count = Math.min(bytes.length, this.takes.shift() ?? Infinity);
    this.written = bytesOf(this.written, bytes.subarray(0, count));
    return count;
  }
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
  shutdown(): void {
    this.calls.push('shutdown');
  }
  abort(): void {
    this.calls.push('abort');
  }
}

function setUp(takes: number[] = []) {
  const source = new Stub();
  const sink = new Stub();
  sink.takes = takes;
  const counters = newCounters();
  const pump = new Pump(source, sink, counters, at.upstreamBytes);
  return { source, sink, pump, counters, counted: () => counters[at.upstreamBytes]! };
}

describe('a sink that takes everything', () => {
  test('gets the bytes as they are: the hot path keeps and copies none', () => {
    const { source, sink, pump, counted } = setUp();
    const bytes = patterned(1_000);
    const forbidden = (): never => {
      throw new Error('a copy was made');
    };
    for (const name of ['slice', 'subarray', 'set']) Object.defineProperty(bytes, name, { value: forbidden });
    const given: Uint8Array[] = [];
    sink.write = (written) => given.push(written) && written.length;
    pump.push(bytes);
    pump.push(bytes);
    ok(given[0] === bytes && given[1] === bytes, 'the very same bytes');
    equal(pump.stalled, false);
    equal(counted(), 2_000);
    deepEqual(source.calls, []);
  });

  test('a drain without a tail does nothing', () => {
    const { source, sink, pump } = setUp();
    pump.push(patterned(10));
    pump.drain();
    deepEqual([sink.writes, source.calls, sink.calls], [1, [], []]);
  });

  test('the end of the source is the end of the sink, at once', () => {
    const { sink, pump } = setUp();
    pump.push(patterned(10));
    pump.end();
    deepEqual(sink.calls, ['shutdown']);
  });
});

describe('a sink that is behind', () => {
  test('pauses the source, and resumes it when it has everything', () => {
    const { source, sink, pump } = setUp([30, 50, 0]);
    pump.push(patterned(100));
    deepEqual([source.calls, pump.stalled], [['pause'], true]);
    pump.drain();
    deepEqual([source.calls, pump.stalled], [['pause'], true]);
    pump.drain();
    deepEqual([source.calls, pump.stalled], [['pause'], true]);
    pump.drain();
    deepEqual([source.calls, pump.stalled], [['pause', 'resume'], false]);
    deepEqual(sink.written, patterned(100));
    deepEqual(sink.calls, []);
  });

  test('gets a copy: the bytes of the source were only borrowed', () => {
    const { sink, pump } = setUp([0]);
    const borrowed = patterned(100);
    pump.push(borrowed);
    borrowed.fill(0);
    pump.drain();
    deepEqual(sink.written, patterned(100));
  });

  test('gets what a paused source still hands over, after the tail and not before', () => {
    const { source, sink, pump, counted } = setUp([30, 0]);
    pump.push(patterned(100));
    const late = patterned(50, 100);
    pump.push(late);
    late.fill(0);
    deepEqual([sink.writes, counted()], [1, 30]);
    pump.drain();
    pump.drain();
    deepEqual(sink.written, patterned(150));
    deepEqual([source.calls, counted()], [['pause', 'resume'], 150]);
  });

  test('has its tail before the FIN, and the source that has ended is not resumed', () => {
    const { source, sink, pump } = setUp([30, 30]);
    pump.push(patterned(100));
    pump.end();
    deepEqual(sink.calls, []);
    pump.drain();
    deepEqual(sink.calls, []);
    pump.drain();
    deepEqual([sink.written, sink.calls, source.calls], [patterned(100), ['shutdown'], ['pause']]);
  });

  test('is counted by what it took, and nothing else of the slab is touched', () => {
    const { pump, counters, counted } = setUp([30, 50, 0]);
    pump.push(patterned(100));
    equal(counted(), 30);
    pump.drain();
    equal(counted(), 80);
    pump.drain();
    equal(counted(), 80);
    pump.drain();
    equal(counted(), 100);
    equal(counters.reduce((sum, count) => sum + count, 0), 100);
  });
});

test('under any order of short writes, drains and ends every byte arrives once and in order', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const { source, sink, pump, counted } = setUp();
    let sent = 0;
    let ended = false;
    const asked = () => source.calls.filter((call) => call !== 'pause').length;
    for (let step = 0; step < 200; step++) {
      sink.takes = [random() < 0.5 ? below(300) : Infinity];
      const resumes = asked();
      // A paused source may still hand over what it had read: once in a while this one does.
      if (!ended && (!pump.stalled || random() < 0.1)) {
        const count = 1 + below(200);
        pump.push(patterned(count, sent));
        sent += count;
        if (random() < 0.01) {
          ended = true;
          pump.end();
        }
      } else pump.drain();
      if (pump.stalled) equal(asked(), resumes, `seed ${seed}: resumed while there is a tail`);
      equal(counted(), sink.written.length, `seed ${seed}: counted what was taken`);
      equal(sink.calls.length, ended && !pump.stalled ? 1 : 0, `seed ${seed}: the FIN after the tail, once`);
      // A source that is paused is resumed, or it would hang for ever.
      if (!ended) equal(source.calls.at(-1) === 'pause', pump.stalled, `seed ${seed}`);
    }
    sink.takes = [];
    pump.drain();
    deepEqual(sink.written, patterned(sent), `seed ${seed}`);
    equal(counted(), sent, `seed ${seed}`);
  }
});
