import { equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '../bed/wait-for.ts';
import { startChild } from './child.ts';
import { loopTurns, patterned, Peer, peerConnect, PeerServer } from './peer.ts';

const MiB = 1024 * 1024;
const TOTAL_BYTES = 256 * MiB;
/** What goes through at full speed first: a runtime's heap takes its size from the flow, not from a slow reader. */
const WARM_UP_BYTES = 512 * MiB;
/** How much the reader takes before it stops again. */
const SIP_BYTES = 16 * MiB;
/** Both hops' socket buffers at their largest (tcp_rmem, tcp_wmem), and what the test's own sockets hold. */
const MOST_IN_FLIGHT_BYTES = 64 * MiB;
/** A heap's garbage comes and goes by this much; what is not bounded grows by all that the reader has not read. */
const MOST_GROWTH_BYTES = 48 * MiB;

const NEEDS_PROC = process.platform === 'linux' ? false : 'it reads memory in /proc, which only Linux has';

/**
 * Back-pressure: a process of its own relays through the adapter, and its memory is watched from here. `args` are
 * further arguments of that process.
 */
export function memorySuite(args: readonly string[]): void {
  test('256 MiB through a slow reader stay within a few MiB of memory', {
    skip: NEEDS_PROC,
    timeout: 120_000,
  }, async (context) => {
    const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.address as { port: number };
    const relay = await startChild('./relay-child.ts', [String(port), ...args]);
    try {
      const source = await peerConnect({ host: '127.0.0.1', port: Number(relay.line) });
      const sink = await server.peer();
      const flow = new Flow(source);
      flow.sendUpTo(WARM_UP_BYTES);
      await until(() => sink.bytes === WARM_UP_BYTES, 'the warm-up', 60_000);
      const before = peakBytes(relay.process.pid);
      flow.sendUpTo(WARM_UP_BYTES + TOTAL_BYTES);
      while (sink.bytes < WARM_UP_BYTES + TOTAL_BYTES) {
        sink.socket.pause();
        await flow.stalled();
        ok(flow.sent - sink.bytes < MOST_IN_FLIGHT_BYTES, `${flow.sent - sink.bytes} bytes are on their way`);
        const sip = Math.min(sink.bytes + SIP_BYTES, WARM_UP_BYTES + TOTAL_BYTES);
        sink.socket.resume();
        await until(() => sink.bytes >= sip, 'the reader to read', 60_000);
      }
      equal(sink.inOrder, true);
      const after = peakBytes(relay.process.pid);
      context.diagnostic?.(
        `grew by ${((after - before) / MiB).toFixed(1)} MiB over ${(before / MiB).toFixed(1)}`,
      );
      ok(after - before < MOST_GROWTH_BYTES, `${before} bytes grew to ${after}`);
    } finally {
      await relay.kill();
      server.close();
    }
  });
}

/** A sender that goes as fast as the connection lets it, up to a total. */
class Flow {
  sent = 0;
  readonly #peer: Peer;
  // A whole number of the pattern's periods, so that one chunk serves for all.
  readonly #chunk = patterned(MiB);

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  sendUpTo(total: number): void {
    if (this.sent >= total) return;
    this.#peer.socket.write(this.#chunk, () => {
      this.sent += this.#chunk.length;
      this.sendUpTo(total);
    });
  }

  /** Waits until nothing more is taken, however often the loop turns. */
  async stalled(): Promise<void> {
    for (let before = -1; before !== this.sent;) {
      before = this.sent;
      await loopTurns(20);
    }
  }
}

/** The most memory that a process has had in RAM (VmHWM, source: proc(5)). */
function peakBytes(pid: number | undefined): number {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
