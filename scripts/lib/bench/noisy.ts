/** What one session that moves all it can does to many that ask little. */
import { type Child, lineOf } from './children.ts';
import { type Figures, quietSessions } from './metrics.ts';
import { availableMemoryBytes, openFileLimit } from './proc.ts';
import type { Place } from './targets.ts';
import { startWire } from './wire.ts';

const deadlineMs = 60_000;
/** How often the flood tells how far it is. */
const tellMegabytes = 16;

/** Of the open files of a proxy: for itself, and for what else is open in the rounds. */
const keptFiles = 300;
/** A server process for each, and half of the memory for everybody else. */
const sessionBytes = 4 * 2 ** 20;

/** As many as are wanted, or as the limit of open files and the memory allow. */
export function quietCount(
  openFiles: number = openFileLimit(),
  memoryBytes: number = availableMemoryBytes(),
): number {
  const byFiles = Math.floor((openFiles - keptFiles) / 2);
  return Math.max(0, Math.min(quietSessions, byFiles, Math.floor(memoryBytes / 2 / sessionBytes)));
}

/** Small questions on `count` sessions, alone and then beside a COPY that has no end. Rejects if that stands still. */
export async function noisyNeighbour(place: Place, count: number): Promise<Figures> {
  const quiet = await startWire('quiet', place, count);
  let flood: Child | undefined;
  try {
    await lineOf(quiet, 0, deadlineMs);
    quiet.tell('a');
    const alone = await lineOf(quiet, 1, deadlineMs);
    flood = await startWire('flood', place, tellMegabytes);
    await lineOf(flood, 0, deadlineMs);
    const [said, from] = [flood.lines.length, performance.now()];
    quiet.tell('a');
    const beside = await lineOf(quiet, 2, deadlineMs);
    const seconds = (performance.now() - from) / 1000;
    const moved = bytesAt(flood, flood.lines.length) - bytesAt(flood, said);
    if (flood.hasEnded()) throw new Error(`the COPY ended: ${flood.output().trim().slice(-200)}`);
    if (moved === 0) throw new Error('the COPY stood still while the others were asked');
    await flood.end();
    quiet.tell('q');
    await lineOf(quiet, 3, deadlineMs);
    return {
      quietSessions: count,
      quietUs: Number(alone['medianUs']),
      quietP99Us: Number(alone['p99Us']),
      noisyUs: Number(beside['medianUs']),
      noisyP99Us: Number(beside['p99Us']),
      noisyGbs: moved / 1e9 / seconds,
    };
  } finally {
    await flood?.end();
    await quiet.end();
  }
}

function bytesAt(flood: Child, lines: number): number {
  return Number((JSON.parse(flood.lines[lines - 1] ?? '{}') as { bytes?: number }).bytes ?? 0);
}
