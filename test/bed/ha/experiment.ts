/** Faults, one after another, while clients write; and what the clients saw of each. */
import { waitFor } from '../wait-for.ts';
import { type Fault, type FaultName, faults, type Scene } from './faults.ts';
import { errorsIn, judge, longestGap, type Verdict, type Write } from './history.ts';
import { promotedAtMs } from './promotion.ts';
import { askServer, newestPrimaryOf, primariesOf, untilWhole } from './servers.ts';
import type { SideName, Stage } from './stage.ts';
import { nowMs, startWriters, type Writers } from './writers.ts';

/** What the clients of one side saw of one fault. */
export interface Outcome {
  readonly fault: FaultName;
  readonly side: SideName;
  readonly fromMs: number;
  readonly toMs: number;
  /** The longest time in which no write was done. */
  readonly gapMs: number;
  /** From the moment at which a new primary was ready to the first write on it; undefined if there is no new one. */
  readonly afterPromotionMs: number | undefined;
  readonly errors: Readonly<Record<string, number>>;
  /** Clients that had written nothing again long after all was well. */
  readonly hung: number;
}

export interface Experiment {
  readonly outcomes: readonly Outcome[];
  readonly verdicts: Readonly<Partial<Record<SideName, Verdict & { readonly acknowledged: number }>>>;
  /** What kept it from its end: the first line is for a table, then come the logs. */
  readonly trouble: string | undefined;
}

export interface Plan {
  readonly faults: readonly FaultName[];
  /** Of each side. */
  readonly clients: number;
  /** Says what happens now. */
  tell?(what: string): void;
}

interface Crowd {
  readonly side: SideName;
  readonly writers: Writers;
}

const successorDeadlineMs = 90_000;
const backDeadlineMs = 60_000;
/** Room for the ids of every side. */
const idsOfSide = 1_000_000_000;

export async function experiment(
  stage: Stage,
  { faults, clients, tell = () => {} }: Plan,
): Promise<Experiment> {
  const crowds = stage.sides.map(({ name, host, port }, index): Crowd => ({
    side: name,
    writers: startWriters({ host, port, count: clients, firstId: index * idsOfSide }),
  }));
  const outcomes: Outcome[] = [];
  let trouble: string | undefined;
  try {
    await allWrote(crowds);
    for (const fault of faults) outcomes.push(...await suffer(stage, crowds, fault, tell));
  } catch (error) {
    trouble = `after ${outcomes.length / crowds.length} faults: ${error}\n${stage.evidence()}`;
  } finally {
    await Promise.all(crowds.map(({ writers }) => writers.stop()));
  }
  const kept = await idsOnceWhole(stage);
  const verdicts = crowds.map(({ side, writers: { writes } }) => [side, {
    ...judge(writes, kept),
    acknowledged: writes.filter(({ taken }) => taken).length,
  }]);
  return { outcomes, verdicts: Object.fromEntries(verdicts), trouble };
}

/** What is in the table of the surviving timeline, after all that can be repaired is. */
async function idsOnceWhole({ managed }: Stage): Promise<Set<number>> {
  const primary = await untilWhole(managed).catch(() => newestPrimaryOf(managed.nodes));
  if (!primary) throw new Error('no primary is left that could be asked what it has kept');
  const rows = await askServer(primary, 'select id::float8 as id from register', 30_000);
  return new Set(rows.map(({ id }) => Number(id)));
}

async function suffer(
  { managed, ourAddresses }: Stage,
  crowds: readonly Crowd[],
  name: FaultName,
  tell: (what: string) => void,
): Promise<Outcome[]> {
  const fault: Fault = faults[name];
  const primary = await untilWhole(managed);
  const others = managed.nodes.filter((node) => node !== primary);
  const scene: Scene = { managed, primary, others, ourAddresses };
  const fromMs = nowMs();
  tell(`${name} on ${primary.name}`);
  await fault.inject(scene);
  await untilOver(fault, scene, fromMs);
  tell(`${name} on ${primary.name} is over`);
  await fault.heal(scene);
  await untilWhole(managed);
  const hung = await allWrote(crowds);
  const toMs = nowMs();
  return crowds.map(({ side, writers: { writes } }, index) => ({
    fault: name,
    side,
    fromMs,
    toMs,
    gapMs: longestGap(writes, fromMs, toMs),
    afterPromotionMs: afterPromotion(scene, writes, fromMs),
    errors: errorsIn(writes, fromMs, toMs),
    hung: hung[index] ?? 0,
  }));
}

/** A manager that promotes nobody is no failure of what is tested here; the fault ends then, too. */
async function untilOver({ stays }: Fault, { others, managed }: Scene, fromMs: number): Promise<void> {
  const isOver = typeof stays === 'number'
    ? () => nowMs() - fromMs >= stays
    : async () => (await primariesOf(stays === 'successor' ? others : managed.nodes)).length > 0;
  await waitFor('the fault to pass', isOver, { deadlineMs: successorDeadlineMs, everyMs: 100 }).catch(
    () => {},
  );
}

function allWrote(crowds: readonly Crowd[]): Promise<number[]> {
  return Promise.all(crowds.map(({ writers }) => writers.untilAllWrote(backDeadlineMs)));
}

/** Of the last of them, if the primary changed more than once. */
function afterPromotion({ managed }: Scene, writes: readonly Write[], fromMs: number): number | undefined {
  const acknowledged = writes.filter(({ taken }) => taken !== undefined);
  const timelineOf = ({ taken }: Write): number => taken?.timeline ?? 0;
  const before = Math.max(0, ...acknowledged.filter(({ endMs }) => endMs <= fromMs).map(timelineOf));
  const after = Math.max(before, ...acknowledged.map(timelineOf));
  if (after === before) return undefined;
  const onIt = acknowledged.filter((write) => timelineOf(write) === after);
  const server = managed.nodes.find(({ address }) => address === onIt[0]?.taken?.server);
  const promoted = server && promotedAtMs(managed.serverLog(server), after);
  return promoted === undefined ? undefined : Math.min(...onIt.map(({ endMs }) => endMs)) - promoted;
}
