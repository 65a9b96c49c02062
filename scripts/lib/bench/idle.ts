/** Many sessions that do nothing: what they cost the proxy, and what they do to one that works. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Child, lineOf, start } from './children.ts';
import { type Memory, memoryOf, openFileLimit } from './proc.ts';
import type { Figures } from './metrics.ts';
import { withoutProcess } from './steps.ts';
import type { Place, Running, Target } from './targets.ts';
import { roundTrips } from './wire.ts';

const script = (name: string) => join(import.meta.dirname, name);
const crowdDeadlineMs = 90_000;
/** Long enough for a runtime to finish what it began at its start, and for a collection of garbage. */
const settleMs = 4000;

/** The part of the sessions that is there before the memory of the others is measured. */
const warmUpShare = 0.1;

/** With fewer, what a runtime does by itself in the meantime would count as theirs. */
const fewestToJudge = 1000;

/**
 * Of the open files: for the proxy itself, connections made ahead, and clients that it only turns away; and a tenth,
 * because several threads share what is left, and no kernel deals clients out evenly.
 */
const keptBack = 700;
const keptShare = 0.1;

/** At two descriptors each, with room for what a proxy keeps back. */
export function idleCount(wanted: number, openFiles: number = openFileLimit()): number {
  const kept = Math.max(keptBack, openFiles * keptShare);
  return Math.max(0, Math.min(wanted, Math.floor((openFiles - kept) / 2)));
}

export const idleGives = ['idleSessions', 'sessionBytes', 'besideUs', 'besideP99Us'];
export const restGives = ['startMs', 'restMiB', 'restOwnMiB'];

export interface StandIn extends Place {
  end(): Promise<void>;
}

/** `server` is the real PostgreSQL, for the gateway's probe. */
export async function startStandIn(server: Place): Promise<StandIn> {
  const child = await start([process.execPath, script('stand-in.ts'), server.host, String(server.port)]);
  const { port } = await lineOf(child, 0, 20_000);
  return { host: '127.0.0.1', port: Number(port), end: () => child.end() };
}

/** Its first line, `{held, lost, why}`, comes when all have tried. */
export function startCrowd({ host, port }: Place, count: number): Promise<Child> {
  return start([process.execPath, script('crowd.ts'), host, String(port), String(count)]);
}

/** Starts the target afresh in front of the stand-in. */
export async function idleSessions(
  target: Target,
  standIn: Place,
  count: number,
  threads: number | undefined,
): Promise<Figures> {
  const running = await target.start(standIn, { sessions: count, threads });
  const crowds: Child[] = [];
  const gather = async (size: number): Promise<number> => {
    const crowd = await startCrowd(running, size);
    crowds.push(crowd);
    const { held, why } = await lineOf(crowd, 0, crowdDeadlineMs);
    if (Number(held) === 0) throw new Error(`not one of ${size} sessions was held: ${why}`);
    await pause(settleMs);
    return Number(held);
  };
  try {
    // The first ones make a proxy load and compile what it needs only once.
    const early = await gather(Math.ceil(count * warmUpShare));
    const before = running.pid === undefined ? undefined : memoryOf(running.pid);
    const held = await gather(count - early);
    const after = running.pid === undefined ? undefined : memoryOf(running.pid);
    // A proxy that could not hold them all has no seat for one more.
    const isFull = early + held < count;
    const full = `it held ${early + held} of ${count} and had no seat for one more`;
    const { medianUs = full, p99Us = full } = isFull ? {} : await roundTrips('ping', running, 5000, () => {});
    return {
      idleSessions: early + held,
      besideUs: medianUs,
      besideP99Us: p99Us,
      sessionBytes: bytesEach(before, after, held) ?? withoutProcess(running),
    };
  } finally {
    for (const crowd of crowds) await crowd.end();
    await running.end();
  }
}

/** Undefined without a process to look at. */
function bytesEach(
  before: Memory | undefined,
  after: Memory | undefined,
  held: number,
): number | string | undefined {
  if (before === undefined || after === undefined) return undefined;
  if (held < fewestToJudge) {
    return `with fewer than ${fewestToJudge} sessions, what a runtime does by itself would count as theirs`;
  }
  return (after.restBytes - before.restBytes) / held;
}

/** Starts the target, once more, in front of the real server. */
export async function startAndRest(
  target: Target,
  server: Place,
  threads: number | undefined,
): Promise<Figures> {
  const running: Running = await target.start(server, { sessions: 100, threads });
  try {
    if (running.startMs === undefined || running.pid === undefined) {
      return Object.fromEntries(restGives.map((metric) => [metric, withoutProcess(running)]));
    }
    await pause(settleMs);
    return { startMs: running.startMs, ...restFigures(memoryOf(running.pid)) };
  } finally {
    await running.end();
  }
}

function restFigures({ restBytes, ownBytes }: ReturnType<typeof memoryOf>): Figures {
  return { restMiB: restBytes / 2 ** 20, restOwnMiB: ownBytes / 2 ** 20 };
}
